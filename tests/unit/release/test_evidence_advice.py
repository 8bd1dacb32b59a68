"""The section of the evidence page that tells what would show more of a masked table."""

from __future__ import annotations

import re

from include.opendata.release.evidence.page import evidence_page
from tests.lib.small_release import inputs

TABLE = "homicides_by_county_and_year"
PROPOSAL = {
    "slug": "periods-of-5",
    "change": "Put years together in periods of 5",
    "sentence": "Put years together in periods of 5: score 9 instead of 14; …",
    "remarks": ["Under 10 cells would be hidden."],
    "score": 9,
    "cells": 1177,
    "cells_shown_percent": 97,
    "events_shown_percent": None,
    "yaml": "dimensions:\n- {name: Period, label: '<Period>'}\n",
}


def section(**advice) -> str:
    page = evidence_page(inputs(advice={TABLE: {"sentence": "It shows 54 % of the cells.", "proposals": [], **advice}}))
    return re.search(r"<h3>What would show more</h3>(.*?)<h3>Checks on the published file</h3>", page, re.S)[1]


def test_each_design_has_a_row_with_its_score_and_what_it_would_show():
    row = re.search(r"<tbody>(.*?)</tbody>", section(proposals=[PROPOSAL]), re.S)[1]
    words = " ".join(re.sub(r"<[^>]+>", " ", row).replace("&nbsp;", " ").split())
    assert words == "Put years together in periods of 5. Under 10 cells would be hidden. 9 1,177 97 % left out"


def test_what_to_paste_is_there_and_is_text_not_markup():
    text = section(proposals=[PROPOSAL])
    assert "label: &#39;&lt;Period&gt;&#39;" in text
    assert "<Period>" not in text


def test_a_share_that_is_told_is_not_footnoted():
    text = section(proposals=[{**PROPOSAL, "events_shown_percent": 99.6}])
    assert "99.6&nbsp;%" in text
    assert "ot told" not in text


def test_a_table_without_a_better_design_says_so_and_shows_no_rows():
    text = section()
    assert "It shows 54\u00a0% of the cells." in text
    assert "<table>" not in text


def test_a_table_nobody_advised_on_has_no_such_section():
    assert "What would show more" not in evidence_page(inputs())
