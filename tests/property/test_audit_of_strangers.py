"""Random published tables: what the audit says of every hidden count, beside an outsider who solves integer programs over the
table's own cells (HiGHS) and shares no code with it."""

from __future__ import annotations

import csv
import io
import itertools
import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from include.opendata.disclosure.long_tables import AuditRequest, audit_records, records_of_text
from include.opendata.errors import InputError
from tests.lib.rules import RULE

SEEDS = 16
BELOW, WIDTH = RULE.below, RULE.width


@dataclass
class World:
    """A published table: ``rows`` labels → true count · ``sums`` (total, parts) of labels · ``hidden`` labels → token."""

    header: tuple[str, ...]
    rows: dict[tuple[str, ...], int]
    sums: list[tuple[tuple[str, ...], list[tuple[str, ...]]]]
    request: dict[str, tuple[str, ...]]
    hidden: dict[tuple[str, ...], str] = field(default_factory=dict)

    def text(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow((*self.header, "Count"))
        writer.writerows((*labels, self.hidden.get(labels, count)) for labels, count in self.rows.items())
        return out.getvalue()

    def mask(self, rng: random.Random, token: str, extra: float) -> None:
        """Hide what is small, and some others; a token that states a bound stands for small counts alone."""
        for labels, count in self.rows.items():
            if 0 < count < BELOW or (count and token == "*" and rng.random() < extra):
                self.hidden[labels] = token


def cube(rng: random.Random) -> World:
    """Counties by sex, with all totals."""
    counties, rows = [f"c{n}" for n in range(rng.randint(2, 5))], {}
    for county, sex in itertools.product(counties, "fm"):
        rows[county, sex] = rng.choice([0, rng.randint(1, 10), rng.randint(1, 14), rng.randint(5, 60)])
    for county in counties:
        rows[county, "Total"] = rows[county, "f"] + rows[county, "m"]
    for sex in ("f", "m", "Total"):
        rows["State", sex] = sum(rows[county, sex] for county in counties)
    sums = [((county, "Total"), [(county, "f"), (county, "m")]) for county in [*counties, "State"]]
    sums += [(("State", sex), [(county, sex) for county in counties]) for sex in ("f", "m", "Total")]
    return World(("County", "Sex"), rows, sums, {"dimensions": ("County:State", "Sex:Total")})


def strata(rng: random.Random) -> World:
    """Strata by sex and age, stacked, with the total of all and a state."""
    counties, rows = [f"c{n}" for n in range(rng.randint(2, 4))], {}
    names = {"Sex": ["Female", "Male"], "Age": ["0-17", "18-64", "65+"]}
    for county in counties:
        joint = {
            key: rng.choice([0, rng.randint(1, 9), rng.randint(1, 30)]) for key in itertools.product(*names.values())
        }
        rows[county, "Total Population", "Total Population"] = sum(joint.values())
        for at, (stratum, labels) in enumerate(names.items()):
            for label in labels:
                rows[county, stratum, label] = sum(count for key, count in joint.items() if key[at] == label)
    every = [(stratum, label) for stratum, labels in names.items() for label in labels]
    total = ("Total Population", "Total Population")
    for pair in [total, *every]:
        rows["State", *pair] = sum(rows[county, *pair] for county in counties)
    sums = [
        ((county, *total), [(county, stratum, label) for label in labels])
        for county in [*counties, "State"]
        for stratum, labels in names.items()
    ]
    sums += [(("State", *pair), [(county, *pair) for county in counties]) for pair in [total, *every]]
    said = {"dimensions": ("County:State",), "strata": ("Strata/Name:Total Population",)}
    return World(("County", "Strata", "Name"), rows, sums, said)


def ranges(world: World) -> dict[tuple[str, ...], tuple[int, int]]:
    """The least and the most every hidden count can be; whole programs, one per end."""
    cells = list(world.rows)
    at = {labels: number for number, labels in enumerate(cells)}
    low, high = np.zeros(len(cells)), np.zeros(len(cells))
    for labels, number in at.items():
        token = world.hidden.get(labels)
        low[number] = world.rows[labels] if token is None else 1
        high[number] = world.rows[labels] if token is None else 10 if token == "<11" else 10_000
    matrix = np.zeros((len(world.sums), len(cells)))
    for row, (total, parts) in enumerate(world.sums):
        matrix[row, at[total]] = -1
        matrix[row, [at[part] for part in parts]] = 1
    found = {}
    for labels in world.hidden:
        ends = []
        for sign in (1, -1):
            cost = np.zeros(len(cells))
            cost[at[labels]] = sign
            answer = milp(cost, integrality=np.ones(len(cells)), bounds=Bounds(low, high),
                          constraints=LinearConstraint(matrix, 0, 0), options={"mip_rel_gap": 0})  # fmt: skip
            ends.append(round(answer.x[at[labels]]))
        found[labels] = (ends[0], ends[1])
    return found


def exposed(world: World) -> set[tuple[str, ...]]:
    return {labels for labels, (low, high) in ranges(world).items() if high - low < WIDTH and low < BELOW}


def recovered(audit) -> set[tuple[str, ...]]:
    rows = audit.cells.rows
    return {
        audit.cells.labels[f.cell][: len(audit.published.files[0].header) - 1]
        for f in audit.failing_cells
        if f.cell < rows
    }


@pytest.mark.parametrize("make", [cube, strata])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_audit_names_what_an_outsider_recovers_and_nothing_else(make, seed):
    rng = random.Random(f"{make.__name__}:{seed}")
    world = make(rng)
    world.mask(rng, "*" if seed % 3 == 0 else "<11", rng.choice([0, 0.3, 0.6]))
    if not world.hidden:
        return
    request = AuditRequest(("Count",), rule=RULE, annotation="combined", **{"dimensions": (), **world.request})
    audit = audit_records([records_of_text(world.text(), "t.csv")], request)
    assert recovered(audit) == exposed(world)
    assert {f.cell for f in audit.report.cells if f.verdict == "undecided"} == set()


@pytest.mark.parametrize("make", [cube, strata])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_with_no_total_named_the_audit_refuses_or_names_what_an_outsider_recovers(make, seed):
    rng = random.Random(f"unnamed {make.__name__}:{seed}")
    world = make(rng)
    world.mask(rng, "<11", 0)
    request = AuditRequest(("Count",), world.header, RULE, annotation="combined")
    try:
        audit = audit_records([records_of_text(world.text(), "t.csv")], request)
    except InputError as refusal:
        assert refusal.slug in {"total-not-named", "label-in-no-total", "strata-not-named"}
    else:
        assert recovered(audit) >= exposed(world)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_two_files_of_one_total_are_read_together(seed):
    """Sex in one file, age in the other, the total of a county in both or in none."""
    rng = random.Random(f"two files:{seed}")
    world = strata(rng)
    world.rows = {labels: count for labels, count in world.rows.items() if labels[0] != "State"}
    world.sums = [(total, parts) for total, parts in world.sums if total[0] != "State"]
    world.mask(rng, "<11", 0)
    files = []
    for stratum in ("Sex", "Age"):
        rows = [
            (labels[0], "All" if labels[1] == "Total Population" else labels[2], world.hidden.get(labels, count))
            for labels, count in world.rows.items()
            if labels[1] in (stratum, "Total Population")
        ]
        text = "\n".join([f"County,{stratum},Count", *(",".join(map(str, row)) for row in rows)]) + "\n"
        files.append(records_of_text(text, f"{stratum}.csv"))
    audit = audit_records(
        files, AuditRequest(("Count",), ("County", "Sex:All", "Age:All"), RULE, annotation="combined")
    )
    wanted = {
        (county, name if stratum == "Sex" else "All", name if stratum == "Age" else "All")
        for county, stratum, name in exposed(world)
    }
    assert {audit.cells.labels[f.cell] for f in audit.failing_cells if f.cell < audit.cells.rows} == wanted
