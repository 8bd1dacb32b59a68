"""Which rule book is followed, and what is said of one that cannot be used."""

from __future__ import annotations

import os

import pytest

from include.opendata.declaration.load import load
from include.opendata.errors import Refused, SetupError
from include.opendata.gate.approval import approved_facts
from include.opendata.pipeline.options import RefreshOptions
from include.opendata.pipeline.provenance import declaration_digest
from include.opendata.pipeline.records import RunRecord
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.rules import rule_book as books
from include.opendata.rules.release import thresholds
from include.opendata.storage import RunArea

SHIPPED = (books.BOOKS / f"{books.SHIPPED}.yaml").read_text(encoding="utf-8")
LOWER = SHIPPED.replace("below: 11", "below: 5").replace("width: 3", "width: 2")


@pytest.fixture
def book(tmp_path, monkeypatch):
    path = tmp_path / "county.yaml"

    def write(text: str) -> None:
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("OPENDATA_RULE_BOOK", str(path))

    return write


def refusal() -> SetupError:
    with pytest.raises(SetupError) as raised:
        books.rule_book()
    return raised.value


def test_the_shipped_book_is_followed_when_none_is_named():
    assert books.rule_book_file() == books.BOOKS / "calhhs_ddg_2.yaml"
    assert books.follows_shipped_book()


def test_a_book_of_the_project_is_named_without_its_ending(monkeypatch):
    monkeypatch.setenv("OPENDATA_RULE_BOOK", books.SHIPPED)
    assert books.follows_shipped_book()


def test_another_book_is_followed_at_once_and_again_when_it_changes(book):
    before = thresholds().small_cell
    book(LOWER)
    assert (thresholds().small_cell.below, thresholds().small_cell.width) == (5, 2)
    book(LOWER.replace("below: 5", "below: 25"))
    assert thresholds().small_cell.below == 25
    del os.environ["OPENDATA_RULE_BOOK"]
    assert thresholds().small_cell == before


def test_a_book_that_does_not_exist_is_refused_with_those_that_do(monkeypatch):
    monkeypatch.setenv("OPENDATA_RULE_BOOK", "calhhs_ddg")
    error = refusal()
    assert error.slug == "rule-book-unknown"
    assert "did you mean 'calhhs_ddg_2'" in error.what
    assert "calhhs_ddg_2" in error.remedy


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("  below: 11\n", "", 6, "small_cell.below is missing"),
        ("  width: 3", "  widths: 3", 6, "small_cell.width is missing"),
        ("  width: 3", "  width: three", 10, "small_cell.width: input should be a valid integer"),
        ("  width: 3", "  width: 0", 10, "small_cell.width: input should be greater than or equal to 1"),
        ("  width: 3", "  width: 10", 6, "at most 9 apart"),
        ("  below: 11", "  below: 1", 8, "small_cell.below: input should be greater than or equal to 2"),
        ("  below: 11", "  below: 2", 6, "at most 0 apart"),
        ("  all_at_most: 3", "  all_at_most: 11", 6, "from 1 to 10"),
        ("  mask_from: 13", "  mask_from: 15", 17, "masking starts"),
        ("survey:", "surveys:", 4, "survey is missing"),
    ],
)
def test_a_book_with_a_mistake_is_refused_with_its_line(book, old, new, line, sentence):
    assert old in SHIPPED
    book(SHIPPED.replace(old, new))
    error = refusal()
    assert error.slug == "rule-book-broken"
    assert error.place.file is not None and error.place.file.endswith("county.yaml")
    assert any(sentence in detail for detail in error.details), error.details
    assert error.place.line is not None
    assert f"line {line}: " in " ".join(error.details), error.details


@pytest.mark.parametrize("text", ["", "small_cell: [", "a: &b 1\nc: *b\n", "title: x\ntitle: y\n", "just words"])
def test_a_book_that_is_no_table_of_fields_is_refused(book, text):
    book(text)
    assert refusal().slug == "rule-book-broken"


def test_another_book_makes_another_release_and_asks_the_approvers_again(book):
    dataset = load("homicides_by_county")

    def masking():
        return approved_facts(dataset, {}, ())["masking"]

    before, asked = declaration_digest(dataset), masking()
    assert asked == {"small cells below": 11}
    book(LOWER.replace("below: 5", "below: 11"))
    other, asked_of_other = declaration_digest(dataset), masking()
    assert other != before
    assert asked_of_other["small cells below"] == 11
    assert "Data De-Identification Guidelines" in asked_of_other["rule book"]
    book(LOWER.replace("below: 5", "below: 11").replace("width: 2", "width: 1"))
    assert declaration_digest(dataset) != other
    assert masking() != asked_of_other


def test_comments_do_not_make_another_book(book):
    book(LOWER)
    before = books.rule_book_digest()
    book("# a comment\n" + LOWER)
    assert books.rule_book_digest() == before


def test_a_run_does_not_go_on_under_another_book(book, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_WORK", str(tmp_path / "work"))
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    book(LOWER)
    declared = load("homicides_by_county")
    run = Run(dataset=declared.dataset, run_id="one", staging=str(tmp_path / "staging"))
    RunRecord(
        dataset=declared.dataset,
        run_id="one",
        started_at="2026-01-01T00:00:00Z",
        declaration_sha256=declaration_digest(declared),
        code_version="1",
        previous=None,
        options=RefreshOptions(),
    ).write(RunArea(declared.dataset, "one"))
    assert open_run(run).declared.small_cell_rule.below == 5
    book(LOWER.replace("below: 5", "below: 6"))
    with pytest.raises(Refused) as raised:
        open_run(run)
    assert raised.value.slug == "declaration-moved"
