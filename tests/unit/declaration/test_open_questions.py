"""A declaration may say what it does not know; nothing is made of it until it does."""

from __future__ import annotations

import pytest

from include.opendata.declaration.load import load
from include.opendata.declaration.questions import open_questions, require_answered
from include.opendata.errors import DeclarationError
from tests.lib import declarations


@pytest.fixture
def declared(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_DATASETS", str(tmp_path))

    def write(text):
        declarations.write(tmp_path, text)
        return load("clinic_visits")

    return write


@pytest.mark.parametrize(
    ("was", "now", "field"),
    [
        ("limitations: None known.", "limitations: 'OPEN QUESTION: what must be known?'", "limitations"),
        ("source_link: https://example.org/source", "source_link: 'OPEN QUESTION: where?'", "source_link"),
        ("steward@example.org}", "'OPEN QUESTION: at which address?'}", "steward.email"),
        ("statutes: [California Civil Code §1798.24]", "statutes: ['OPEN QUESTION: which?']", "statutes[1]"),
        ("m: Male}", "m: 'OPEN QUESTION: what is m?'}", "tables[1].dimensions[1].labels.m"),
        ("tables:\n", "open_questions: [Are the records a sample?]\ntables:\n", "open_questions[1]"),
    ],
)  # fmt: skip
def test_a_question_is_found_wherever_it_stands_with_its_line(declared, was, now, field):
    assert was in declarations.SOUND
    with pytest.raises(DeclarationError) as refused:
        require_answered(declared(declarations.SOUND.replace(was, now)))
    assert refused.value.slug == "questions-open"
    (detail,) = refused.value.details
    assert f"`{field}`" in detail
    assert not detail.startswith("line 0")


def test_a_declaration_without_a_question_is_answered(declared):
    sound = declared(declarations.SOUND)
    assert open_questions(sound) == []
    require_answered(sound)


def test_a_text_that_only_speaks_of_open_questions_is_none(declared):
    text = declarations.SOUND.replace("limitations: None known.", "limitations: There was an OPEN QUESTION once.")
    assert open_questions(declared(text)) == []
