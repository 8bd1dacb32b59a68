"""Every error has a page that explains it and a test that provokes it."""

from __future__ import annotations

import re

import pytest

from dev.error_slugs import INCLUDE, ROOT, UnknownSlug, slugs
from dev.errors_page import PAGE, page

RAISED = sorted(slugs())
NOT_YET: set[str] = set()
"""Errors that no test provokes yet: the list only ever gets shorter."""

NOT_TESTS = {"docs", "unit/test_error_slugs.py"}


def texts_of_tests() -> str:
    """The text of every test but those about documentation."""
    folder = ROOT / "tests"
    paths = [p for p in folder.rglob("*.py") if not any(p.is_relative_to(folder / other) for other in NOT_TESTS)]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths))


def test_the_page_of_errors_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m dev.errors_page"


def test_every_error_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    assert [slug for slug in RAISED if f"| `{slug}` |" not in text] == []


def test_every_error_is_provoked_by_a_test():
    quoted = set(re.findall(r"[\"'`]([a-z0-9-]+)[\"'`]", texts_of_tests()))
    assert set(RAISED) - quoted - NOT_YET == set()


def test_whoever_invents_a_slug_writes_it_out(monkeypatch, tmp_path):
    """What cannot be read from the source would be missing from the page without a word."""
    folder = tmp_path / "include"
    folder.mkdir()
    (folder / "room.py").write_text("def f(x):\n    raise Refused('no', remedy='ask', slug=x.lower())\n")
    monkeypatch.setattr("dev.error_slugs.INCLUDE", folder)
    monkeypatch.setattr("dev.error_slugs.ROOT", tmp_path)
    assert folder != INCLUDE
    with pytest.raises(UnknownSlug, match="room:2"):
        slugs()
