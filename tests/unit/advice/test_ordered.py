"""Neighbouring categories put together: the narrowest group as wide as can be, nothing bridged, labels as before."""

from __future__ import annotations

from include.opendata.advice.ordered import Span, bands_of_ages, joined, periods_of_years

FIVE_GROUPS = [
    Span(18, 25, "18–25"),
    Span(26, 34, "26–34"),
    Span(35, 44, "35–44"),
    Span(45, 54, "45–54"),
    Span(55, 62, "55–62"),
]


def labels(spans):
    return [span.label for span in spans]


def test_neighbours_are_joined_so_that_the_narrowest_group_is_as_wide_as_can_be():
    assert labels(joined(FIVE_GROUPS, 3)) == ["18–34", "35–44", "45–62"]
    assert labels(joined(FIVE_GROUPS, 2)) == ["18–44", "45–62"]


def test_joined_groups_keep_the_way_their_parts_are_written():
    groups = [Span(0, 4, "0 to 4 years"), Span(5, 9, "5 to 9 years"), Span(10, None, "10 years and over")]
    assert labels(joined(groups, 2)) == ["0 to 9 years", "10 years and over"]
    assert labels(joined([Span(0, 64, "0-64"), Span(65, 74, "65-74"), Span(75, None, "75+")], 2)) == ["0-64", "65+"]


def test_a_gap_between_groups_is_never_bridged():
    assert joined([Span(0, 4, "0–4"), Span(10, 14, "10–14"), Span(15, 19, "15–19")], 2) == []


def test_no_group_is_made_of_as_many_or_more():
    assert joined(FIVE_GROUPS, 5) == []


def test_many_groups_are_joined_evenly():
    many = [Span(a, a, str(a)) for a in range(60)]
    assert [span.width for span in joined(many, 30)] == [2] * 30


def test_values_of_joined_groups_are_all_there():
    parts = [Span(1, 1, "a", ("x",)), Span(2, 2, "b", ("y", "z")), Span(3, 3, "c", ("w",))]
    assert [v for span in joined(parts, 2) for v in span.values] == ["x", "y", "z", "w"]


def test_years_left_over_make_the_last_period_longer():
    assert labels(periods_of_years(list(range(1980, 1997)), 5)) == ["1980–1984", "1985–1989", "1990–1996"]


def test_single_ages_become_groups_on_round_numbers_and_the_old_one_open_group():
    assert labels(bands_of_ages([3, 17, 40], 20)) == ["0–19", "20–39", "40–59"]
    assert labels(bands_of_ages(list(range(70, 105)), 10)) == ["70–79", "80+"]
    assert labels(bands_of_ages(list(range(80, 99)), 5)) == ["80–84", "85+"]
