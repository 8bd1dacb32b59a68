"""Which groups a published file hides, counted from the file alone."""

from __future__ import annotations

import pytest

from include.opendata.declaration.tables import Table
from include.opendata.monitoring.charts import group_bars, quality_line, sparkline
from include.opendata.monitoring.equity import equity

TABLE = {
    "table": "visits",
    "title": "T",
    "description": "D.",
    "dimensions": [
        {"name": "County", "label": "County", "definition": "D.", "column": "c", "total": "All",
         "scores_as": "residence_geography"},
        {"name": "Sex", "label": "Sex", "definition": "D.", "column": "s", "scores_as": "sex"},
    ],
    "measures": [
        {"name": "Persons", "kind": "count", "label": "Persons", "definition": "D."},
        {"name": "Percent", "kind": "percent", "numerator": "Persons", "within": ["Sex"], "label": "%", "definition": "D."},
    ],
}  # fmt: skip
CSV = b"""County,Sex,Persons,Persons_annotation,Percent,Percent_annotation
Alpine,f,,1,,1
Alpine,m,,2,,1
Kern,f,20,,50.0,
Kern,m,,3,,3
All,f,25,,50.0,
All,m,,4,,1
"""


@pytest.fixture
def view():
    return equity(Table.model_validate(TABLE), CSV)


def test_a_group_of_which_nothing_is_shown_has_disappeared(view):
    county = view.dimensions[0]
    assert [group.label for group in county.gone] == ["Alpine"]
    assert [(group.label, group.hidden, group.cells) for group in county.groups] == [
        ("Alpine", 2, 2),
        ("Kern", 0, 2),
        ("All", 0, 2),
    ]


def test_a_blank_for_want_of_data_or_of_cases_hides_nothing(view):
    assert [(group.label, group.hidden) for group in view.dimensions[1].groups] == [("f", 1), ("m", 1)]


def test_percentages_are_not_counted_where_there_are_counts(view):
    assert view.counted == ("Persons",)


def test_a_dimension_the_file_does_not_have_is_left_out():
    without = CSV.replace(b"Sex,", b"Gender,")
    assert [one.name for one in equity(Table.model_validate(TABLE), without).dimensions] == ["County"]


def test_a_drawing_says_in_words_what_it_shows_and_lets_nothing_through(view):
    drawn = group_bars(view.dimensions[0])
    assert '<span class="label">Alpine</span>' in drawn
    assert '<span class="figure">100 %</span>' in drawn
    assert "Kern" not in drawn
    hostile = equity(Table.model_validate(TABLE), CSV.replace(b"Alpine", b"<script>"))
    assert "<script>" not in group_bars(hostile.dimensions[0])


def test_a_trend_tells_where_it_began_and_where_it_is():
    assert "from 10 to 1,200." in sparkline([10, 40, 1200], "rows")
    assert "One release of 10 rows." in sparkline([10], "rows")
    assert sparkline([], "rows") == ""
    assert "3 of 4; 4 of 4" in quality_line([3, 4], [4, 4])
