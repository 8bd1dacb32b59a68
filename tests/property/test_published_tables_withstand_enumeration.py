"""Whatever is declared and whatever the records: who has all published files cannot work out a small count.

Declared datasets are drawn at random (tables over the same columns cut in different ways, filters, totals or none, zeros left
out, one code or two, a raised threshold, distinct persons, events of persons; of a survey or a full count; half of them with
percentages, rates and means beside the counts), protected as a refresh does it, written as CSV, and then read by a stranger
who shares no code with this project and solves for every blank.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.opendata.disclosure import protection
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import OpendataError
from tests.lib.rules import RULE
from tests.lib.small_tables import dataset, dimension, measure, table
from tests.lib.stranger import Axis, leaks
from tests.lib.worlds import COLUMNS, TYPES, papers, tabulated, world

REFUSALS = {
    "no-rows",
    "distinct-persons-overlap",
    "separate-codes-unsafe",
    "no-safe-suppression",
    "hidden-count-recoverable",
    "recoverable-between-measures",
    "recoverable-between-categories",
}


@pytest.mark.slow
@settings(max_examples=35, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.booleans())
def test_what_is_published_of_any_linked_tables_leaves_every_small_count_open(seed, ratios):
    declared, records, told = world(seed, ratios=ratios)
    try:
        protection = protect_and_attack(declared, tabulated(declared, records), masked=True)
    except OpendataError as refusal:
        assert refusal.slug in REFUSALS, refusal
        return
    assert not leaks(papers(protection, told, declared), COLUMNS, declared.small_cell_rule)


SINGLE = [["a"], ["b"], ["c"], ["d"]]
REGIONS = [["a", "b"], ["c", "d"]]


def counties(groups, total):
    labels = {"+".join(group): group for group in groups}
    facts = dimension("County", recode=labels, total=total)
    return facts, Axis("County", "county", {label: frozenset(group) for label, group in labels.items()}, total)


def ages(groups, total):
    labels = {f"{group[0]}-{group[-1]}": group for group in groups}
    bins = [{"from": group[0], "to": group[-1], "label": label} for label, group in labels.items()]
    facts = dimension("Age", bins=bins, total=total)
    return facts, Axis("Age", "age", {label: frozenset(group) for label, group in labels.items()}, total)


def published(specs, counts, one_measure, annotation):
    """What is published of tables with these dimensions, of ``counts`` (county, age) persons; and the declaration."""
    tables = [
        table([facts for facts, _ in dims], [one_measure], f"table_{number}", annotation=annotation)
        for number, dims in enumerate(specs)
    ]
    declared = dataset({**TYPES, "client": "integer"}, *tables)
    rows = [(c, a) for (c, a), count in counts.items() for _ in range(count)]
    records = pd.DataFrame([(c, "f", a, 2019, k) for k, (c, a) in enumerate(rows)], columns=[*TYPES, "client"])
    protection = protect_and_attack(declared, tabulated(declared, records), masked=True)
    separate = annotation == "separate"
    told = [{"axes": tuple(axis for _, axis in dims), "kept": {}, "separate": separate} for dims in specs]
    return papers(protection, told, declared)


@pytest.mark.parametrize("annotation", ["separate", "combined"])
def test_a_region_by_age_groups_gives_no_county_by_single_age_away(annotation):
    """Neither table has the counties of an age group, nor the single ages of a region, to subtract with."""
    counts = {(county, age): 12 + 3 * age for county in "abcd" for age in range(6)}
    counts |= {("a", 2): 3, ("d", 2): 8, ("d", 5): 1, ("b", 4): 0}
    fine = [counties(SINGLE, "State"), ages([[0, 1], [2], [3, 4], [5]], "All")]
    coarse = [counties(REGIONS, None), ages([[0, 1, 2], [3, 4, 5]], None)]
    assert not leaks(published([fine, coarse], counts, measure(), annotation), COLUMNS, RULE)


@pytest.mark.parametrize("annotation", ["separate", "combined"])
def test_distinct_persons_of_regions_give_no_county_away(annotation):
    """Published totals show that nobody lives in two counties, so distinct persons of counties add up to regions."""
    counts = {("a", 0): 20, ("b", 0): 9, ("c", 0): 15, ("d", 0): 5}
    distinct = measure("Persons", "count_distinct", column="client")
    specs = [[counties(SINGLE, "State")], [counties(REGIONS, "State")]]
    assert not leaks(published(specs, counts, distinct, annotation), COLUMNS, RULE)


@pytest.mark.parametrize("seed", [5167, 5189])
def test_a_cell_that_follows_from_no_published_one_does_not_stop_the_suppression(seed):
    declared, records, told = world(seed, kind="count")
    protection = protect_and_attack(declared, tabulated(declared, records), masked=True)
    assert not leaks(papers(protection, told, declared), COLUMNS, declared.small_cell_rule)


@pytest.mark.parametrize("seed", [280, 725])
def test_what_the_attack_recovers_from_overlapping_tables_is_hidden_anew(seed, monkeypatch):
    """The finest cells all tables are made of tell more than the tables' own; with them in mind hiding succeeds."""
    declared, records, told = world(seed)
    tables = tabulated(declared, records)
    done = protect_and_attack(declared, tables, masked=True)
    assert all(facts["hidden_anew"] == ["finest"] for facts in done.facts.values())
    assert not leaks(papers(done, told, declared), COLUMNS, declared.small_cell_rule)
    monkeypatch.setattr(protection, "FOUND_WITH", {})
    with pytest.raises(OpendataError) as refusal:
        protect_and_attack(declared, tables, masked=True)
    assert refusal.value.slug == "hidden-count-recoverable"


def with_a_ratio_put_back(seed, name):
    """Papers of a world in which one blank ``name`` of a hidden small count is shown after all; and its leaks before."""
    declared, records, told = world(seed, ratios=True)
    tables = tabulated(declared, records)
    done = protect_and_attack(declared, tables, masked=True)
    before = papers(done, told, declared)
    for number, (true, paper) in enumerate(zip(tables, before, strict=True)):
        rows = list(csv.DictReader(io.StringIO(paper.text)))
        if name not in rows[0]:
            continue
        for row, count, figure in zip(rows, true.frame["Persons"], true.frame[name], strict=True):
            if not row["Persons"] and 1 <= count <= 10 and pd.notna(figure):
                row[name] = str(figure)
                if name == "Mean":
                    row["Paid"] = str(true.frame["Paid"][rows.index(row)])
                text = io.StringIO()
                writer = csv.DictWriter(text, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
                after = [*before[:number], replace(paper, text=text.getvalue()), *before[number + 1 :]]
                return before, after, declared.small_cell_rule
    pytest.fail(f"the world hides no small count with a {name}")


@pytest.mark.parametrize(("seed", "name"), [(6, "Rate"), (16, "Share"), (6, "Mean")])
def test_the_stranger_uses_what_is_shown_beside_a_blank(seed, name):
    """A rate, a percentage or a mean that were left beside a hidden count would give it away, and the stranger sees that."""
    before, after, rule = with_a_ratio_put_back(seed, name)
    assert not leaks(before, COLUMNS, rule)
    assert leaks(after, COLUMNS, rule)


def whole_percentages_of(counts):
    """What is published of men, women and a third category that is small, as whole percentages alone."""
    total = sum(counts)
    columns = {"sex": "text"}
    made = table(
        [dimension("Sex", recode={s: [s] for s in "fmx"}, total="All")],
        [measure(), measure("Percent", "percent", numerator="Persons", within=["Sex"], decimals=0)],
        masking="whole_percentages",
    )
    records = pd.DataFrame({"sex": np.repeat(list("fmx"), counts)})
    declared = dataset(columns, made).model_copy(update={"survey": None})
    done = protect_and_attack(declared, tabulated(declared, records), masked=True)
    return done.tables[0].frame.set_index("Sex")["Percent"], total


def small_counts_left(percents, total):
    """Every small count that fits the percentages, tried one by one; the others are none or eleven and more."""
    (blank,) = [s for s in "fmx" if pd.isna(percents[s])]
    first, second = (float(percents[s]) for s in "fmx" if s != blank)
    left = []
    for small in range(1, -(-total // 100)):
        one = np.arange(total - small + 1)
        two = total - small - one
        fits = (np.floor(100 * one / total + 0.5) == first) & (np.floor(100 * two / total + 0.5) == second)
        large = ((one == 0) | (one > 10)) & ((two == 0) | (two > 10))
        if (fits & large).any() and small <= 10:
            left.append(small)
    return left


def test_whole_percentages_leave_the_small_count_open_to_whoever_knows_the_total():
    draw = random.Random(5)
    published = 0
    for _ in range(25):
        counts = [
            draw.choice([0, 600, 1490, 900, 2750]) + draw.randint(0, 90),
            draw.randint(500, 1900),
            draw.randint(1, 10),
        ]
        try:
            percents, total = whole_percentages_of(counts)
        except OpendataError as refusal:
            assert refusal.exit_code
            continue
        left = small_counts_left(percents, total)
        assert max(left) - min(left) >= 3
        assert counts[2] in left
        published += 1
    assert published >= 10
