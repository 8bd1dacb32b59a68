"""What the score needs to know of a dimension and neither the data nor the declaration tell is asked for by name."""

from __future__ import annotations

from typing import Any

import pytest

from include.opendata.errors import DeclarationError
from include.opendata.gate.fact_sheet import AgeRange
from include.opendata.gate.scored_dimensions import ScoredDimension, shortest_time
from include.opendata.vocabulary import TableDimension
from tests.lib.small_tables import dataset, dimension, table


def scored(labels: tuple[str, ...], column: str = "text", **facts: Any) -> ScoredDimension:
    declared = dataset({"place": column}, table([dimension("Place", "place", **facts)]))
    shown = TableDimension("Place", "place", labels, total=None)
    return ScoredDimension(declared, declared.tables[0], declared.tables[0].dimensions[0], shown)


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("residence_geography", "the smallest area's population is unknown"),
        ("service_geography", "the smallest area's population is unknown"),
        ("age_range", "the ages of its groups cannot be read"),
        ("detailed_race", "its score needs `population`"),
        ("insurance_coverage", "its score needs `members`"),
        ("means_tested_program", "its score needs `enrollment`"),
    ],
)
def test_a_fact_that_is_missing_is_named_with_what_to_write(variable, sentence):
    with pytest.raises(DeclarationError) as raised:
        scored(("a", "b"), scores_as=variable).part()
    assert raised.value.slug == "score-fact-missing"
    assert raised.value.what == sentence
    assert raised.value.remedy.startswith("In the declaration, ")
    assert raised.value.place.column == "Place"


@pytest.mark.parametrize(
    ("labels", "years"),
    [(("0–11", "12–14", "15+"), 3), (("12", "13"), 1), (("12 to 17", "18 and over"), 6)],
)
def test_the_ages_of_labels_are_read(labels, years):
    assert scored(labels, scores_as="age_range").part() == AgeRange(narrowest_years=years)


def test_one_label_without_ages_leaves_the_narrowest_group_unknown():
    assert scored(("0–11", "Adults"), scores_as="age_range").ages() == []


def test_a_period_without_an_end_has_no_length():
    bins = [{"from": 2019, "to": 2020, "label": "2019–2020"}, {"from": 2021, "label": "since"}]
    open_ended = scored(("2019–2020", "since"), "integer", scores_as="time", bins=bins)
    with pytest.raises(DeclarationError, match="a period without an end has no length"):
        shortest_time(open_ended.dataset, [open_ended])
