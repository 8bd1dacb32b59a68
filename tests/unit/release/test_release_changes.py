"""What a release says of the one before it: the files, their roles, and the part of the evidence page."""

from __future__ import annotations

import re

import pytest

from include.opendata.errors import Refused
from include.opendata.release import build_release
from include.opendata.release.evidence.page import evidence_page
from include.opendata.release.inputs import ChangesSince
from tests.lib.small_release import inputs

TABLE = inputs().protected[0].structure.table
NOTHING = {"added": [], "removed": [], "retyped": [], "key_changed": False}
TOLD = {
    "dataset": "d",
    "from": "aaaabbbbccccdddd",
    "to": "x",
    "tables": [
        {
            "table": TABLE,
            "status": "compared",
            "columns": {**NOTHING, "added": ["Rate"], "retyped": [{"column": "N", "was": "integer", "is": "number"}]},
            "rows": {"old": 1200, "new": 1230, "added": 40, "changed": 12, "removed": 10, "unchanged": 1178},
            "totals": [{"measure": "N", "of": "total row", "old": 15000, "new": 15432, "percent": 2.9}],
            "movers": [
                {"measure": "N", "row": {"County": county}, "old": 100, "new": 100 + change, "percent": float(change)}
                for county, change in (("Alameda", 60), ("Fresno <b>", -40))
            ],
            "hidden": [{"measure": "N", "old": 3, "new": 4, "newly_hidden": 2, "newly_shown": 1}],
            "tolerances": [
                {
                    "rule": "N by County",
                    "compared": 58,
                    "beyond": 2,
                    "where": ["Alameda", "Fresno <b>"],
                    "not_compared": 3,
                }
            ],
        },
        {
            "table": "old_table",
            "status": "gone",
            "columns": NOTHING,
            "rows": {"old": 12, "new": 0, "added": None, "changed": None, "removed": None, "unchanged": None},
            "totals": [],
            "movers": [],
            "hidden": [],
            "tolerances": [],
        },
    ],
}
ROWS = (("_change", "County", "N"), [("added", "Yolo", "5"), ("removed", 'a, "b"', "")])


def changes(files=None):
    return ChangesSince(b"{}\n", TOLD, {TABLE: ROWS} if files is None else files)


def words(page):
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", page, flags=re.S).split())


def test_the_page_tells_what_changed():
    said = words(evidence_page(inputs(changes=changes())))
    assert "Compared with release aaaabbbbccccdddd" in said
    assert "1,200 1,230 40 12 10 2 1" in said
    assert "The table is no longer published." in said
    assert "Rate is new; N was integer and is number" in said
    assert "15,000 15,432 +2.9 %" in said
    assert "2 figures moved as far as a declared tolerance or further" in said


def test_the_chart_tells_who_cannot_see_it_what_it_shows():
    page = evidence_page(inputs(changes=changes()))
    assert "Alameda: +60; Fresno &lt;b&gt;: −40" in page


def test_labels_cannot_write_into_the_page():
    assert "Fresno <b>" not in evidence_page(inputs(changes=changes()))


def test_a_first_release_says_nothing_of_changes(tmp_path):
    assert "What changed" not in evidence_page(inputs())
    built = build_release(inputs(), tmp_path / "release")
    assert not [f.path for f in built.manifest.files if f.path.startswith(("changes", "diff"))]


def test_change_files_have_a_role_of_their_own(tmp_path):
    built = build_release(inputs(changes=changes()), tmp_path / "release")
    roles = {file.path: file.role for file in built.manifest.files}
    assert roles[f"changes/{TABLE}.csv"] == "changes"
    assert roles["diff.json"] == "internal"
    text = (tmp_path / "release" / "changes" / f"{TABLE}.csv").read_text(encoding="utf-8")
    assert text == '_change,County,N\nadded,Yolo,5\nremoved,"a, ""b""",\n'


def test_a_change_file_holds_no_formula(tmp_path):
    rows = (("_change", "County"), [("added", "=1+1")])
    with pytest.raises(Refused) as refused:
        build_release(inputs(changes=changes({TABLE: rows})), tmp_path / "release")
    assert refused.value.slug == "formula-cell"
