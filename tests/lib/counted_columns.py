"""Random small datasets whose counts are columns of one source that hang together, and a stranger who solves for them.

The stranger has the published files and knows the subject: men and women are everyone, nobody makes fewer visits than there
are clients. The unknowns are how many of each *kind* (a man, a woman; a client, one visit more) are in each group of records;
every figure is a sum of those. Shares nothing with the code that looks for such relations, hides or attacks.
"""

from __future__ import annotations

import csv
import io
import itertools
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.csv_files import write_table_csv
from include.opendata.tables import tabulate
from include.opendata.tables.measure_relations import tied_tables
from include.opendata.vocabulary import DataTable, ProtectedTable
from tests.lib.rules import RULE
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

GROUPS = {"county": ["a", "b", "c"], "sex": ["f", "m"]}
CAP = 100_000


@dataclass(frozen=True)
class Subject:
    """``columns``: name → the kinds it counts · ``of``: name → persons or events · ``secrets``: what is in no column and
    still counts persons · ``record``: what a record is; of persons every record is one and ``records`` counts them."""

    columns: dict[str, tuple[int, ...]]
    of: dict[str, str]
    secrets: tuple[tuple[int, ...], ...] = ()
    record: str = "aggregate"


def _of(kind: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, kind)


SUBJECTS = {
    "men, women, everyone": Subject(
        {"men": (0,), "women": (1,), "everyone": (0, 1)}, _of("persons", "men", "women", "everyone"), ((0,), (1,))
    ),
    "deaths of cases": Subject({"cases": (0, 1), "deaths": (1,)}, _of("persons", "cases", "deaths"), ((0,),)),
    "visits of clients": Subject({"visits": (0, 1), "clients": (1,)}, {"visits": "events", "clients": "persons"}),
    "cases, admitted, dead": Subject(
        {"cases": (0, 1, 2), "admitted": (1, 2), "dead": (2,)},
        _of("persons", "cases", "admitted", "dead"),
        ((0,), (1,)),
    ),
    "everyone by sex, vaccinated": Subject(
        {"men": (0, 1), "women": (2, 3), "everyone": (0, 1, 2, 3), "vaccinated": (0, 2)},
        _of("persons", "men", "women", "everyone", "vaccinated"),
        ((1, 3),),
    ),
    "two cuts": Subject(
        {"young": (0, 1), "old": (2, 3), "poor": (0, 2), "rich": (1, 3)},
        _of("persons", "young", "old", "poor", "rich"),
    ),
    "flag": Subject({"records": (0, 1), "flag": (1,)}, _of("persons", "records", "flag"), ((0,),), "person"),
}


@dataclass(frozen=True)
class World:
    subject: Subject
    declared: Dataset
    records: pd.DataFrame


def world(seed: int, about: str) -> World:
    """One or two tables of some of the subject's columns."""
    draw = random.Random(f"{about} {seed}")
    subject = SUBJECTS[about]
    annotation = draw.choice(["separate", "combined"])
    tables = [_table(draw, subject, number, annotation) for number in range(draw.choice([1, 1, 2]))]
    kinds = dict.fromkeys(GROUPS, "text") | {c: "integer" for c in subject.columns if c != "records"}
    declared = dataset(kinds, *tables, record=subject.record)
    return World(subject, declared.model_copy(update={"seed": seed}), _records(draw, subject))


def _table(draw: random.Random, subject: Subject, number: int, annotation: str) -> dict:
    axes = draw.choice([["county"], ["county"], ["county", "sex"], ["sex"]])
    dimensions = [dimension(a.capitalize(), total=draw.choice(["All", "All", None])) for a in axes]
    names = draw.sample(sorted(subject.columns), draw.randint(1 if number else 2, len(subject.columns)))
    measures = [
        measure("Records") if n == "records" else measure(n.capitalize(), "sum", column=n, of=subject.of[n])
        for n in names
    ]
    kept = [{"column": "county", "in": draw.sample(GROUPS["county"], 2)}] if number and draw.random() < 0.3 else []
    return table(dimensions, measures, f"table_{number}", annotation=annotation, filter=kept)


def _records(draw: random.Random, subject: Subject) -> pd.DataFrame:
    kinds = 1 + max(k for of in subject.columns.values() for k in of)
    sizes = draw.choice([[0, 2, 5, 20], [1, 3, 6, 40], [15, 30, 60, 4], [0, 0, 12, 25], [50, 80, 100, 3]])
    rows = []
    for group in itertools.product(*GROUPS.values()):
        for _ in range(1 if subject.record == "person" else draw.choice([1, 2, 3])):
            counts = [max(0, draw.choice(sizes) + draw.choice([-1, 0, 0, 1])) for _ in range(kinds)]
            if subject.record == "person":
                rows += [(*group, int(k == 1)) for k, count in enumerate(counts) for _ in range(count)]
            else:
                rows.append((*group, *(sum(counts[k] for k in of) for of in subject.columns.values())))
    return pd.DataFrame(rows, columns=[*GROUPS, *(c for c in subject.columns if c != "records")])


def read_together(made: World) -> list[DataTable]:
    """The true tables, as protection is handed them."""
    with tempfile.TemporaryDirectory() as folder, warehouse_of(made.records, Path(folder)) as warehouse:
        true = [tabulate(made.declared, t.table, warehouse) for t in made.declared.tables]
        return tied_tables(made.declared, true, warehouse).tables


# -- the stranger -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A figure: the groups it is about, the kinds it counts, and what is said of it."""

    where: str
    groups: frozenset[tuple[str, ...]]
    kinds: tuple[int, ...]
    low: int
    high: float
    blank: bool = False
    code: str = ""


def leaks(made: World, published: Sequence[tuple[Dataset, Sequence[ProtectedTable]]]) -> list[str]:
    """What can be worked out of the tables of all releases: (declaration, its tables)."""
    told = [fact for declared, tables in published for t in tables for fact in _told(made.subject, declared, t)]
    solver = _Solver(told)
    found = [f"{fact.where}: {span}" for fact in told if fact.blank and (span := solver.opens(fact))]
    places = dict.fromkeys(fact.groups for fact in told)
    for groups, kinds in itertools.product(places, made.subject.secrets):
        secret = Told("in no table", groups, kinds, 0, CAP)
        if (span := solver.opens(secret)) and span[0] > 0:
            found.append(f"{sorted(groups)} {kinds} in no table: {span}")
    return found + [f"group {where}" for where in _groups(told, solver)]


def _told(subject: Subject, declared: Dataset, protected: ProtectedTable) -> Iterator[Told]:
    one = declared.table(protected.structure.table)
    kept = {c.column: set(c.in_ or ()) for c in one.filter}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        write_table_csv(path, protected, dataset="demo")
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
    for row in rows:
        stands = {d.column: row[d.name] for d in one.dimensions if row[d.name] != d.total}
        groups = frozenset(
            g
            for g in itertools.product(*GROUPS.values())
            if all(stands.get(c, v) == v and (c not in kept or v in kept[c]) for c, v in zip(GROUPS, g, strict=True))
        )
        for m in one.measures:
            text, code = row[m.name], row[f"{m.name}_annotation"]
            low, high = (int(text), int(text)) if text else (1, CAP)
            if not text and one.annotation == "separate":
                low, high = (RULE.below, CAP) if code == "2" else (1, RULE.largest)
            where = f"{one.table} {list(stands.values())} {m.name}"
            yield Told(where, groups, subject.columns[m.name.lower()], low, high, not text, code)


class _Solver:
    def __init__(self, told: Sequence[Told]):
        self.groups = list(itertools.product(*GROUPS.values()))
        self.kinds = 1 + max(k for fact in told for k in fact.kinds)
        lines = np.stack([self.line([fact]) for fact in told])
        self.rules = LinearConstraint(lines, [f.low for f in told], [f.high for f in told])

    def line(self, facts: Sequence[Told]) -> np.ndarray:
        made = np.zeros((len(self.groups), self.kinds))
        for fact in facts:
            for g, k in itertools.product(fact.groups, fact.kinds):
                made[self.groups.index(g), k] += 1
        return made.ravel()

    def span(self, facts: Sequence[Told]) -> tuple[int, int]:
        line = self.line(facts)
        ends = []
        for sign in (1, -1):
            got = milp(sign * line, constraints=self.rules, integrality=np.ones(line.size), bounds=Bounds(0, CAP))
            assert got.x is not None, f"no records agree with what is published: {got.message}"
            ends.append(round(float(line @ np.rint(got.x))))
        return ends[0], ends[1]

    def opens(self, fact: Told) -> tuple[int, int] | None:
        """What is left of a count that must not be known, where that is too little."""
        if fact.code == "2" and fact.low >= RULE.below:
            return None
        low, high = self.span([fact])
        return (low, high) if low < RULE.below and high - low < RULE.width else None


def _groups(told: Sequence[Told], solver: _Solver) -> Iterator[str]:
    """Rule 6: blanks that share no one, whose sum is known and small: those of the categories of one row or column."""
    for first, second in itertools.combinations([f for f in told if f.blank], 2):
        if first.kinds == second.kinds and not first.groups & second.groups and first.low + second.low < RULE.below:
            low, high = solver.span([first, second])
            if low == high < RULE.below:
                yield f"{first.where} + {second.where} = {low}"
