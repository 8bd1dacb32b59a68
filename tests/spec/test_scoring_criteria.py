"""The Publication Scoring Criteria, row by row (DDG 2.0 §4.3.1, Appendix D §16.2).

Each row of the table appears here with the points at both edges of each of its bands, written out by hand: the cases
are the rule book, and ``rules/scoring.yaml`` has to agree with them. The combining rules follow below the rows.
"""

from __future__ import annotations

import pytest

from include.opendata.gate.scoring import Facts, Score, release_score, score
from include.opendata.rules.release import thresholds
from include.opendata.rules.scoring import scoring_criteria

STATE = 39_538_223
WHOLE_STATE = {"residence_geography": {"population": STATE}}


def scored(events: int | None = 1, time: str = "year", **variables: object) -> Score:
    return score(Facts.model_validate({"events": events, "time": time, "variables": variables}))


def points(variable: str, *, line: str | None = None, **facts: object) -> int:
    return scored(**{variable: facts}).component(line or variable).score  # type: ignore[arg-type]


EVENTS = [(1, 7), (10, 7), (11, 5), (99, 5), (100, 3), (999, 3), (1_000, 2), (1_000_000, 2)]

AGE_RANGE = [(1, 7), (2, 7), (3, 5), (5, 5), (6, 3), (10, 3), (11, 2), (29, 2), (30, 1), (100, 1)]

GROUP_POPULATION = [
    (0, 7), (20_000, 7), (20_001, 5), (100_000, 5), (100_001, 3), (300_000, 3),
    (300_001, 2), (4_000_000, 2), (4_000_001, 1), (30_000_000, 1),
]  # fmt: skip

LANGUAGE_POPULATION = [
    (0, 7), (20_000, 7), (20_001, 5), (100_000, 5), (100_001, 3), (300_000, 3), (300_001, 2), (4_000_000, 2),
    (4_000_001, 2),
]  # fmt: skip

INSURANCE = [
    (0, 5), (20_000, 5), (20_001, 4), (50_000, 4), (50_001, 3), (100_000, 3), (100_001, 1), (250_000, 1),
    (250_001, 0), (560_000, 0), (560_001, -1), (1_000_000, -1), (1_000_001, -3), (2_000_000, -3),
    (2_000_001, -5), (10_000_000, -5),
]  # fmt: skip

MEANS_TESTED = [
    (0, 7), (20_000, 7), (20_001, 5), (100_000, 5), (100_001, 3), (300_000, 3), (300_001, 2), (4_000_000, 2),
    (4_000_001, 1), (10_000_000, 1), (10_000_001, 0), (14_000_000, 0),
]  # fmt: skip

RESIDENCE = [
    (0, 7), (4_000, 7), (4_001, 5), (20_000, 5), (20_001, 4), (50_000, 4), (50_001, 3), (100_000, 3),
    (100_001, 1), (250_000, 1), (250_001, 0), (560_000, 0), (560_001, -1), (1_000_000, -1),
    (1_000_001, -3), (2_000_000, -3), (2_000_001, -5), (STATE, -5),
]  # fmt: skip

SERVICE = [
    (0, 1), (20_000, 1), (20_001, 0), (250_000, 0), (250_001, -1), (560_000, -1), (560_001, -3), (1_000_000, -3),
    (1_000_001, -4), (2_000_000, -4), (2_000_001, -5), (STATE, -5),
]  # fmt: skip

TIME = [
    ("five_years", -5), ("two_to_four_years", -3), ("year", 0), ("half_year", 3), ("quarter", 4), ("month", 5),
    ("week", 5), ("day", 5),
]  # fmt: skip

ONLY_EVENTS_TIME_POPULATION = [(1, 0), (2, 0), (3, -3), (4, -3), (5, -5), (10, -5), (1_000, -5)]

OTHER_GROUPS = [(1, 3), (4, 3), (5, 5), (9, 5), (10, 7), (200, 7)]

CHOICES = [
    ("race_ethnicity", {"groups": "broad"}, 2),
    ("race_ethnicity", {"groups": "all"}, 3),
    ("ethnicity", {}, 1),
    ("language", {"groups": "english_spanish_other"}, 1),
    ("sex", {}, 1),
    ("sexual_orientation", {}, 2),
    ("gender_identity", {"groups": "three"}, 3),
    ("gender_identity", {"groups": "detailed"}, 5),
    ("intersex", {}, 2),
    ("immigration", {}, 1),
    ("residence_geography", {"statewide": True}, -5),
    ("service_geography", {"statewide": True}, -5),
    ("service_geography", {"setting": "address"}, 3),
    ("service_geography", {"setting": "rural_address"}, 5),
    ("service_geography", {"setting": "frontier_address"}, 7),
]

NUMBERED = {
    "age_range": ("narrowest_years", AGE_RANGE),
    "detailed_race": ("population", GROUP_POPULATION),
    "detailed_ethnicity": ("population", GROUP_POPULATION),
    "language": ("population", LANGUAGE_POPULATION),
    "insurance_coverage": ("members", INSURANCE),
    "means_tested_program": ("enrollment", MEANS_TESTED),
    "residence_geography": ("population", RESIDENCE),
    "service_geography": ("population", SERVICE),
}
NUMBERED_CASES = [
    (variable, field, number, expected) for variable, (field, cases) in NUMBERED.items() for number, expected in cases
]


# The rows


@pytest.mark.parametrize(("smallest", "expected"), EVENTS)
def test_events_score_by_the_smallest_non_zero_count(smallest, expected):
    assert scored(events=smallest).component("events").score == expected


@pytest.mark.parametrize(("variable", "field", "number", "expected"), NUMBERED_CASES)
def test_a_row_by_number_gives_its_points_at_both_edges_of_each_band(variable, field, number, expected):
    assert points(variable, **{field: number}) == expected


@pytest.mark.parametrize(("variable", "facts", "expected"), CHOICES)
def test_a_row_by_kind_gives_its_points(variable, facts, expected):
    assert points(variable, **facts) == expected


@pytest.mark.parametrize(("time", "expected"), TIME)
def test_time_scores_by_the_shortest_period(time, expected):
    assert scored(time=time).component("time").score == expected


@pytest.mark.parametrize(("population", "expected"), GROUP_POPULATION)
def test_another_variable_scores_by_the_population_of_its_smallest_group(population, expected):
    found = scored(other=[{"name": "diagnosis", "population": population}])
    assert found.component("other: diagnosis").score == expected


@pytest.mark.parametrize(("groups", "expected"), OTHER_GROUPS)
def test_another_variable_of_unknown_population_scores_by_its_number_of_groups(groups, expected):
    assert scored(other=[{"name": "diagnosis", "groups": groups}]).component("other: diagnosis").score == expected


@pytest.mark.parametrize(("smallest", "expected"), ONLY_EVENTS_TIME_POPULATION)
def test_only_events_time_and_population_earn_a_credit_when_the_smallest_count_is_not_tiny(smallest, expected):
    found = scored(events=smallest, residence_geography={"population": 40_474})
    assert found.component("variable_interaction").score == expected


FURTHER = {"sex": {}, "ethnicity": {}, "immigration": {}, "intersex": {}, "sexual_orientation": {}}


@pytest.mark.parametrize(("further", "expected"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 4)])
def test_variable_interaction_scores_by_the_number_of_further_variables(further, expected):
    found = scored(events=50, **WHOLE_STATE, **dict(list(FURTHER.items())[:further]))
    assert found.component("variable_interaction").score == expected


def test_every_row_and_every_band_of_the_data_is_covered_above_at_both_edges():
    """A band added to the data without a case here is a red test, and so is a case whose band has gone."""
    covered: dict[str, list[float]] = {variable: [n for n, _ in cases] for variable, (_, cases) in NUMBERED.items()}
    covered |= {
        "events": [n for n, _ in EVENTS],
        "other_population": [n for n, _ in GROUP_POPULATION],
        "other_groups": [n for n, _ in OTHER_GROUPS],
        "only_events_time_population": [n for n, _ in ONLY_EVENTS_TIME_POPULATION],
        "variable_interaction": [0, 1, 2, 3],
    }
    choices = {(variable, next(iter(facts.values()), "shown")) for variable, facts, _ in CHOICES}
    choices |= {("time", time) for time, _ in TIME}
    for row in scoring_criteria().rows:
        for band in row.bands:
            starts = {band.at_least, band.at_least - 1} if band.at_least > 0 else set()
            assert starts <= set(covered[row.variable]), f"{row.variable} at {band.at_least:,}"
        for name in row.choices:
            written = True if name == "statewide" else name
            assert (row.variable, written) in choices, f"{row.variable}: {name}"


def test_the_events_row_and_the_small_cell_rule_agree_on_what_is_small():
    assert thresholds().small_cell.below in {band.at_least for band in scoring_criteria().row("events").bands}


# The smallest group decides


def test_what_lies_between_two_bands_takes_the_finer_one():
    assert points("age_range", narrowest_years=2.5) == 7
    assert points("age_range", narrowest_years=29.5) == 2


def test_what_is_finer_than_the_finest_row_takes_its_score():
    assert points("age_range", narrowest_years=0.25) == 7
    assert scored(time="day").component("time").score == scored(time="month").component("time").score


def test_a_table_of_zeros_is_scored_as_if_a_small_count_could_appear():
    found = scored(events=None, residence_geography={"population": 3_900})
    assert found.component("events").score == 7
    assert found.component("variable_interaction").score == 0


# How rows combine


def test_the_total_is_the_sum_of_its_lines():
    found = scored(
        events=12,
        time="quarter",
        residence_geography={"population": 40_474},
        age_range={"narrowest_years": 5},
        race_ethnicity={"groups": "all"},
        sex={},
        other=[{"name": "diagnosis", "groups": 6}],
    )
    assert found.total == 5 + 4 + 4 + 5 + 3 + 1 + 5 + 4
    assert found.total == sum(component.score for component in found.components)


@pytest.mark.parametrize(("events", "masked"), [(1, True), (11, False)])
def test_masking_starts_at_thirteen(events, masked):
    found = scored(events=events, residence_geography={"population": 15_000}, sex={})
    assert found.total == (14 if masked else 12)
    assert found.masking_required is masked


def test_thirteen_itself_must_be_masked_and_twelve_not():
    thirteen = scored(residence_geography={"population": 30_000}, ethnicity={}, time="year", events=1)
    assert (thirteen.total, thirteen.masking_required) == (13, True)
    twelve = scored(residence_geography={"population": 10_000})
    assert (twelve.total, twelve.masking_required) == (12, False)


def test_race_crossed_with_ethnicity_scores_both_and_counts_two_variables():
    found = scored(race_ethnicity={"groups": "all"}, ethnicity={})
    assert found.component("race_ethnicity").score + found.component("ethnicity").score == 4
    assert found.component("variable_interaction").score == 2


def test_race_and_ethnicity_merged_into_one_variable_score_once():
    found = scored(race_ethnicity={"groups": "all"})
    assert found.component("variable_interaction").score == 1


def test_service_geography_that_coincides_with_residence_takes_the_higher_of_the_two():
    found = scored(residence_geography={"population": 40_000}, service_geography={"population": 40_000})
    assert found.component("residence_geography").score == 4
    assert found.component("service_geography").score == 0
    assert found.component("service_geography").band == "not scored"
    assert found.total == 7 + 4


def test_the_address_of_the_service_can_be_the_higher_of_the_two():
    found = scored(residence_geography={"population": 3_000_000}, service_geography={"setting": "rural_address"})
    assert found.total == 7 + 5


def test_residence_and_service_as_two_variables_are_both_scored_and_interact():
    found = scored(
        residence_geography={"population": 40_000},
        service_geography={"setting": "address", "coincides_with_residence": False},
    )
    assert found.total == 7 + 4 + 3 + 1


def test_a_wide_area_never_lowers_the_score_of_a_narrow_one_beside_it():
    found = scored(
        residence_geography={"statewide": True},
        service_geography={"setting": "address", "coincides_with_residence": False},
    )
    assert found.total == 7 + 3 + 1


@pytest.mark.parametrize("setting", ["rural_address", "frontier_address"])
def test_hospitals_are_exempt_from_the_rise_for_rural_and_frontier_areas(setting):
    assert points("service_geography", setting=setting, hospital=True) == 3


def test_a_plan_with_fewer_members_than_the_area_has_people_decides_alone():
    found = scored(residence_geography={"population": 500_000}, insurance_coverage={"members": 30_000})
    assert found.component("insurance_coverage").score == 4
    assert found.component("residence_geography").band == "not scored"
    assert found.total == 7 + 4


@pytest.mark.parametrize("members", [500_000, 600_000])
def test_an_area_with_no_more_people_than_the_plan_has_members_decides_alone(members):
    found = scored(residence_geography={"population": 500_000}, insurance_coverage={"members": members})
    assert found.component("insurance_coverage").band == "not scored"
    assert found.total == 7 + 0


def test_a_plan_beside_the_whole_state_decides_alone():
    for state in ({"statewide": True}, {"population": STATE}):
        assert scored(residence_geography=state, insurance_coverage={"members": 3_900}).total == 7 + 5


def test_beside_a_street_address_the_higher_of_plan_and_place_decides():
    address = {"setting": "address"}
    assert scored(service_geography=address, insurance_coverage={"members": 3_900}).total == 7 + 5
    assert scored(service_geography=address, insurance_coverage={"members": 3_000_000}).total == 7 + 3
    small_area = {"population": 3_900}
    crowded = scored(residence_geography=small_area, service_geography=address, insurance_coverage={"members": 1_000})
    assert crowded.total == 7 + 7


def test_without_plans_and_programs_their_rows_are_not_used():
    lines = {component.variable for component in scored(residence_geography={"population": 40_000}).components}
    assert lines == {"events", "time", "residence_geography", "variable_interaction"}


@pytest.mark.parametrize(("enrollment", "added"), [(10_000_000, 1 + 1), (10_000_001, 0)])
def test_a_means_tested_program_adds_its_interaction_up_to_ten_million_enrolled(enrollment, added):
    found = scored(**WHOLE_STATE, means_tested_program={"enrollment": enrollment})
    assert found.total == 7 - 5 + added


def test_statewide_data_by_the_year_with_nothing_else_are_safe_harbor():
    assert scored(**WHOLE_STATE).safe_harbor
    assert scored(residence_geography={"statewide": True}, time="five_years").safe_harbor


@pytest.mark.parametrize(
    ("time", "variables"),
    [
        ("quarter", WHOLE_STATE),
        ("year", {"residence_geography": {"population": 10_014_009}}),
        ("year", {**WHOLE_STATE, "sex": {}}),
        ("year", {**WHOLE_STATE, "other": [{"name": "diagnosis", "groups": 3}]}),
        ("year", {**WHOLE_STATE, "means_tested_program": {"enrollment": 14_000_000}}),
        ("year", {**WHOLE_STATE, "service_geography": {"setting": "address"}}),
        ("year", {}),
    ],
)
def test_anything_finer_is_not_safe_harbor(time, variables):
    assert not scored(time=time, **variables).safe_harbor


@pytest.mark.parametrize(
    ("smallest", "by_criteria"), [(1, 7 + 5 + 7), (4, 7 + 5 + 7 - 3), (6, 7 + 5 + 7 - 5), (40, 5 + 5 + 7 - 5)]
)
def test_a_release_is_scored_as_if_its_smallest_count_were_one(smallest, by_criteria):
    facts = Facts.model_validate(
        {"events": smallest, "time": "month", "variables": {"residence_geography": {"population": 3_900}}}
    )
    assert score(facts).total == by_criteria
    assert release_score(facts).total == 7 + 5 + 7


def test_every_line_says_what_was_seen_and_where_its_rule_is_written():
    found = scored(events=3, time="week", **WHOLE_STATE, sex={}, other=[{"name": "diagnosis", "groups": 3}])
    for component in found.components:
        assert component.band
        assert component.reason.endswith(".")
        assert component.section.startswith("DDG 2.0 §")
