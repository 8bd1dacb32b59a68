"""What the advisor proposes, in which order, and what it never tells."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import yaml

from include.opendata.advice import advise_table, visibility
from include.opendata.advice.visibility import measure as measure_visibility
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import Refused
from include.opendata.rules.reference import california_counties
from include.opendata.tables import tabulate
from include.opendata.vocabulary import ANNOTATION_SUFFIX
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COUNTY = dimension(
    "County", "fips", standard="county", scores_as="residence_geography", total="California"
)  # a total, so that a small county needs another one beside it
YEAR = dimension("Year", scores_as="time")


def of_counties_and_years(*dimensions, **facts) -> Dataset:
    declared = dataset(
        {"fips": "text", "year": "integer", "n": "integer"},
        table(
            list(dimensions or (COUNTY, YEAR)),
            [measure("Cases", "sum", column="n", of="persons")],
            annotation="combined",
            **facts,
        ),
        record="aggregate",
    )
    return declared.model_copy(update={"survey": False})


def cases(small: int = 4) -> dict[str, list]:
    """58 counties and ten years; every sixth county has ``small`` cases a year, the others many."""
    rows = [
        (area.code, year, small if number % 6 == 0 else 40 + (7 * number + year) % 60)
        for number, area in enumerate(california_counties().areas)
        for year in range(2010, 2020)
    ]
    return dict(zip(("fips", "year", "n"), (list(column) for column in zip(*rows, strict=True)), strict=True))


@pytest.fixture
def advise(tmp_path):
    return lambda declared, records, **options: _advised(declared, records, tmp_path, **options)


AT_RISK = {"high_risk_populations": ["victims_of_crime_or_abuse"]}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The advice for a table masked for its score."""
    return _advised(of_counties_and_years(), cases(small=2), tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="module")
def at_risk(tmp_path_factory):
    """The advice for a table masked whatever its score."""
    return _advised(of_counties_and_years(**AT_RISK), cases(small=1), tmp_path_factory.mktemp("risk"))


def _advised(declared, records, folder, **options):
    with warehouse_of(pd.DataFrame(records), folder) as warehouse:
        made = tabulate(declared, "one_table", warehouse)
        return advise_table(declared, "one_table", made, warehouse, **options)


def test_years_together_and_regions_bring_a_score_that_needs_no_masking(scored):
    found = {p.slug: p for p in scored.proposals}
    assert scored.now.score == 14
    assert found["periods-of-5"].score == 9  # five years together: time −5
    assert found["regions"].score == 6  # the smallest region has 966,964 people: −1
    assert found["periods-of-5"].settles
    assert found["regions"].settles


def test_designs_that_settle_the_matter_come_first_the_most_detailed_before_the_coarser(scored):
    proposals = scored.proposals
    settling = [p.settles for p in proposals]
    assert settling == sorted(settling, reverse=True)
    cells = [p.cells for p in proposals if p.settles]
    assert len(cells) > 2
    assert cells == sorted(cells, reverse=True)


def test_designs_that_leave_masking_necessary_come_by_how_many_cells_they_hide(at_risk):
    left = [p for p in at_risk.proposals if not p.settles]
    hidden = [p.cells * (100 - p.cells_shown_percent) for p in left]
    assert [p.slug for p in left][:2] == ["without-year", "periods-of-5"]
    assert hidden == sorted(hidden)


def test_a_high_risk_population_is_settled_only_when_nothing_is_left_to_hide(at_risk):
    assert all(p.masking_required for p in at_risk.proposals)
    settled = {p.slug for p in at_risk.proposals if p.settles}
    assert settled == {p.slug for p in at_risk.proposals if p.hidden == "none"}
    assert settled
    assert "describes a population at high risk" in at_risk.sentence


def test_two_changes_together_are_tried_where_none_alone_settles_the_matter(advise):
    kind = dimension("Kind", labels={k: k for k in "abcdefgh"}, scores_as={"variable": "other", "population": 900})
    declared = dataset(
        {"year": "integer", "kind": "text", "side": "text", "n": "integer"},
        table(
            [YEAR, kind, dimension("Side", labels={"x": "X", "y": "Y"})],
            [measure("Cases", "sum", column="n", of="persons")],
            annotation="combined",
        ),
        record="aggregate",
    ).model_copy(update={"survey": False})
    rows = [(y, k, s, 1) for y in range(2010, 2020) for k in "abcdefgh" for s in "xy"]
    records = dict(zip(("year", "kind", "side", "n"), map(list, zip(*rows, strict=True)), strict=True))
    advice = advise(declared, records)
    pairs = [p for p in advice.proposals if "+" in p.slug]
    assert pairs
    assert advice.tried <= 12
    assert all(len(p.kinds) == 2 for p in pairs)
    assert any(re.match(r"[A-Z].* and [a-z].*: ", p.sentence) for p in pairs)


def test_only_so_many_designs_are_tried_and_each_is_told(advise):
    told: list[str] = []
    advice = advise(of_counties_and_years(), cases(), most=2, progress=told.append)
    assert advice.tried == len(told) == 2
    assert told[0] == "one_table: design 1, periods-of-2"


def test_a_design_that_does_no_better_is_no_advice(at_risk):
    assert at_risk.tried > len(at_risk.proposals) > 0
    for proposal in at_risk.proposals:
        assert proposal.settles or proposal.cells_shown_percent > at_risk.now.cells_shown_percent


def test_the_sentence_says_what_to_do_the_score_and_what_is_shown_then_and_now(at_risk):
    found = {p.slug: p for p in at_risk.proposals}
    assert re.fullmatch(
        r"Put years together in periods of 5: score 9 instead of 14; \d+ % of the cells and [\d.]+ % of the events "
        r"would be shown instead of \d+ % and [\d.]+ %\.",
        found["periods-of-5"].sentence,
    )


def test_the_same_table_gets_the_same_advice(advise):
    declared = of_counties_and_years()
    assert advise(declared, cases()).model_dump_json() == advise(declared, cases()).model_dump_json()


def test_what_is_pasted_stands_as_the_advice_said_and_withstands_the_attack(tmp_path):
    declared = of_counties_and_years(**AT_RISK)
    with warehouse_of(pd.DataFrame(cases(small=2)), tmp_path) as warehouse:
        made = tabulate(declared, "one_table", warehouse)
        proposals = advise_table(declared, "one_table", made, warehouse).proposals
        for proposal in proposals[:4]:
            pasted = _pasted(declared, proposal.yaml)
            again = tabulate(pasted, "one_table", warehouse)
            (protected,) = protect_and_attack(pasted, [again], masked=True).tables
            shown = int((protected.frame["Cases" + ANNOTATION_SUFFIX] == "").sum())
            assert len(protected.frame) == proposal.cells
            assert shown * 100 // len(protected.frame) == proposal.cells_shown_percent


def _pasted(declared: Dataset, text: str) -> Dataset:
    """The declaration with a proposal's YAML put in, as its comments say."""
    replaced = re.findall(r"^# (?:in place of|remove) the dimension (\w+)$", text, re.M)
    new = [Dimension.model_validate(d) for d in (yaml.safe_load(text) or {}).get("dimensions", [])]
    old = declared.tables[0]
    dimensions = [d for d in old.dimensions if d.name not in replaced] + new
    order = {d.column: k for k, d in enumerate(old.dimensions)}
    table = old.model_dump(by_alias=True) | {
        "dimensions": [d.model_dump(by_alias=True) for d in sorted(dimensions, key=lambda d: order[d.column])]
    }
    return declared.model_copy(update={"tables": [Table.model_validate(table)]})


# What is never told.


def test_which_hidden_count_is_which_changes_nothing_of_the_advice(advise):
    """Of 4 and 4 or of 1 and 7 in two years that every period puts together, nothing is told."""
    declared = of_counties_and_years(**AT_RISK)
    records = cases()
    before = advise(declared, records).model_dump_json()
    assert records["n"][:2] == [4, 4]
    records["n"][:2] = [1, 7]
    assert advise(declared, records).model_dump_json() == before


@pytest.mark.parametrize(("hidden", "told"), [(9, False), (10, True)])
def test_the_share_of_events_is_told_only_where_ten_cells_are_hidden(tmp_path, hidden, told):
    assert (_visibility(tmp_path, [5] * hidden + [500] * 8).events_shown_percent is not None) is told


@pytest.mark.parametrize("count", [1, 10])
def test_a_sum_that_would_tell_every_hidden_count_is_not_told(tmp_path, count):
    assert _visibility(tmp_path, [count] * 20 + [500] * 8).events_shown_percent is None


def test_shares_are_rounded_down_and_never_say_all_where_something_is_hidden(tmp_path):
    found = _visibility(tmp_path, [5] * 10 + [1_000_000] * 600)
    assert found.cells_shown_percent == 98  # 98.36
    assert found.events_shown_percent == 99.9


def test_the_score_never_tells_that_hidden_counts_are_at_least_three(tmp_path):
    """The credit for a smallest count of 3 or 5 would say so of every hidden count."""
    for small in (2, 5):
        assert _visibility(tmp_path, [small] * 12 + [500] * 8, people=3_900).score == 14


def test_a_table_too_large_to_protect_is_looked_at_with_the_declared_threshold(tmp_path, monkeypatch):
    monkeypatch.setattr(visibility, "MOST_CELLS_PROTECTED", 10)
    counts = [12] * 20 + [500] * 8
    assert _visibility(tmp_path, counts).hidden == "none"
    assert _visibility(tmp_path, counts, small_cells_below=15).hidden == "10 or more"


def test_a_table_too_large_to_protect_in_passing_says_that_only_small_counts_were_looked_at(advise, monkeypatch):
    monkeypatch.setattr(visibility, "MOST_CELLS_PROTECTED", 100)
    records = cases(small=1)
    records["n"] = [9 if n == 1 and fips > "050" else n for n, fips in zip(records["n"], records["fips"], strict=True)]
    advice = advise(of_counties_and_years(**AT_RISK), records)
    found = {p.slug: p for p in advice.proposals}
    assert advice.now.how == "small counts alone"
    assert found["periods-of-2"].how == "small counts alone"
    assert "Only small counts were looked at" in found["periods-of-2"].sentence
    assert found["without-year"].how == "protected"
    assert found["without-year"].remarks != found["periods-of-2"].remarks


def test_no_figure_of_the_advice_is_a_number_of_hidden_cells_or_events(scored, at_risk):
    advice = at_risk.model_dump(mode="json")
    told = {key for proposal in advice["proposals"] for key in proposal}
    assert {key for key in told if "hidden" in key or "events" in key} == {"hidden", "events_shown_percent"}
    assert {p["hidden"] for p in advice["proposals"]} | {p.hidden for p in scored.proposals} <= {
        "none",
        "under 10",
        "10 or more",
    }
    json.dumps(advice)


# What needs no advice, and what cannot be done.


def test_a_table_that_needs_no_masking_gets_no_proposal(advise):
    advice = advise(of_counties_and_years(YEAR), cases())
    assert (advice.now, advice.proposals) == (None, ())
    assert "needs no masking" in advice.sentence


def test_a_table_without_a_small_count_gets_no_proposal_whatever_its_score(advise):
    advice = advise(of_counties_and_years(), {**cases(), "n": [5000] * 580})
    assert advice.proposals == ()
    assert "Nothing is hidden today" in advice.sentence


def test_a_design_the_rules_keep_back_is_named_with_its_reason(advise):
    """Without its percentages nobody knows how many cases of a survey stand behind an estimate."""
    declared = dataset(
        {"kind": "text", "side": "text"},
        table(
            [dimension("Kind"), dimension("Side", total="Both")],
            [measure(), measure("Percent", "percent", numerator="Persons", within=["Side"])],
            annotation="combined",
            high_risk_populations=["homelessness"],
        ),
    )
    records = {"kind": ["a"] * 400 + ["b"] * 300 + ["c"] * 40, "side": ["x", "y"] * 370}
    records["side"][-38:] = ["x"] * 38
    advice = advise(declared, records)
    assert [one.slug for one in advice.not_possible] == ["without-side"]
    assert "sample cases" in advice.not_possible[0].why


def test_a_table_the_gate_keeps_back_is_refused_before_any_design_is_tried(advise):
    declared = of_counties_and_years(**AT_RISK)
    closed = declared.model_copy(
        update={"permission": declared.permission.model_copy(update={"prohibited_by_law": True})}
    )
    with pytest.raises(Refused):
        advise(closed, cases())


def _visibility(folder, counts: list[int], people: int = 900, small_cells_below: int | None = None):
    """How much of a table with these counts is shown: one category each, no totals, a population at high risk."""
    labels = [f"k{n:04}" for n in range(len(counts))]
    place = dimension("Place", "kind", scores_as={"variable": "residence_geography", "population": people})
    declared = dataset(
        {"kind": "text", "n": "integer"},
        table(
            [place],
            [measure("Cases", "sum", column="n", of="persons")],
            annotation="combined",
            high_risk_populations=["homelessness"],
        ),
        record="aggregate",
    ).model_copy(update={"survey": False, "small_cells_below": small_cells_below})
    with warehouse_of(pd.DataFrame({"kind": labels, "n": counts}), folder) as warehouse:
        return measure_visibility(declared, tabulate(declared, "one_table", warehouse), others_masked=False).visibility
