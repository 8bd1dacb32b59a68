"""An outsider who has the published files, the declarations and what everybody knows, and works out what is hidden.

Independent of the product: nothing of ``include`` is imported, and nothing private is read. The unknowns are whole numbers,
one for every combination of source values that somebody tells apart (the finest cells): how many records it has, what a
column adds up to in it, and how many persons are there in exactly these of several categories. Every published figure is
a sum of them. What a hidden figure is at least and at most is an integer program, solved by HiGHS.

Several releases and several datasets of one source are read together. Where releases contradict each other, one of them
is taken as right, and the fewest figures of the others are set aside.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import highspy
import numpy as np
from scipy import sparse

Values = frozenset
Box = tuple[tuple[str, frozenset], ...]
"""Column and the values kept of it; a column that is not named is kept whole."""

RECORDS, PERSONS = "records", "persons"
IN_A_TABLE = ("blank", "group")
"""Targets that are known to be more than none; what stands in no table is safe as long as it may be none."""
MOST = 4_000.0
"""No finest cell is thought to hold more."""


@dataclass(frozen=True)
class Term:
    """So many times the figure of a ``kind`` (records, persons, ``sum:column``) in a box."""

    kind: str
    box: Box
    times: int = 1


Terms = tuple[Term, ...]
Row = tuple[np.ndarray, float, float]
"""What the unknowns are multiplied by, and what comes out at least and at most."""


@dataclass(frozen=True)
class Tie:
    """Columns that tell one another: only these combinations of their values exist, but for stray records."""

    columns: tuple[str, ...]
    allowed: frozenset[tuple[str, ...]]
    strays: bool = False


@dataclass(frozen=True)
class Common:
    """What everybody knows of a source. ``flags``: columns that are 0 or 1, their values in ``domain`` · ``at_least``: what
    a number is at least in every record · ``ordered``: columns of which the first is never more than the second ·
    ``added``: the first and the second are the third · ``residents``: columns that no count of records exceeds ·
    ``roaming``: columns of which one person may have several values · ``one_each``: every record is another person."""

    domain: Mapping[str, tuple[str, ...]]
    flags: frozenset[str] = frozenset()
    ties: tuple[Tie, ...] = ()
    at_least: Mapping[str, int] = field(default_factory=dict)
    ordered: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str, str], ...] = ()
    residents: frozenset[str] = frozenset()
    roaming: tuple[str, ...] = ()
    one_each: bool = False


@dataclass(frozen=True)
class Published:
    """A release of a dataset: its declaration and its files, by table. ``names``: what a column of the source is called by
    everybody; ``meaning``: (everybody's column, value as the source spells it) → everybody's value; ``covered``: which
    values of a column there are records of, where the coverage says so."""

    release: str
    declaration: Mapping[str, Any]
    files: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    meaning: Mapping[tuple[str, str], str] = field(default_factory=dict)
    covered: Mapping[str, frozenset] = field(default_factory=dict)


@dataclass(frozen=True)
class Axis:
    name: str
    column: str
    labels: Mapping[str, frozenset]
    total: str | None

    @property
    def ways(self) -> list[str]:
        return [*self.labels, *([self.total] if self.total is not None else [])]


@dataclass(frozen=True)
class Statement:
    """What a file says: the terms add up to ``low`` to ``high``. ``told``: a figure that is shown, not a blank."""

    release: str
    terms: Terms
    low: float
    high: float
    told: bool = True


@dataclass(frozen=True)
class Target:
    """A figure no one may find out if it is small. ``persons_behind``: it is small too where few persons are behind it."""

    kind: str
    where: str
    release: str
    terms: Terms
    persons_behind: Box | None = None


# ---------------------------------------------------------------------------------------------------------------- reading


def box_of(kept: Mapping[str, frozenset]) -> Box:
    return tuple(sorted(kept.items()))


def _narrowed(kept: dict[str, frozenset], column: str, values: frozenset) -> dict[str, frozenset]:
    return {**kept, column: kept.get(column, values) & values}


class Reading:
    """One published table, read with its declaration. ``figures``: (labels, measure) → the terms it stands for."""

    def __init__(self, published: Published, table: Mapping[str, Any], common: Common):
        self.published, self.table, self.common = published, table, common
        self.where = f"{published.release}/{table['table']}"
        self.axes = [self._axis(d) for d in table["dimensions"]]
        self.filtered = self._filtered()
        rows = csv.DictReader(io.StringIO(published.files[table["table"]]))
        self.rows = {tuple(row[a.name] for a in self.axes): row for row in rows}
        self.separate = table.get("annotation", "separate") == "separate"
        self.below = published.declaration.get("small_cells_below") or 11

    def _column(self, source: str) -> str:
        return self.published.names.get(source, source)

    def _value(self, column: str, value: Any) -> str:
        return self.published.meaning.get((column, str(value)), str(value))

    def _axis(self, facts: Mapping[str, Any]) -> Axis:
        column = self._column(facts["column"])
        domain = self.common.domain[column]
        if "recode" in facts:
            labels = {k: frozenset(self._value(column, v) for v in vs) for k, vs in facts["recode"].items()}
        elif "labels" in facts:
            labels = {label: frozenset({self._value(column, v)}) for v, label in facts["labels"].items()}
        elif "bins" in facts:
            labels = {
                b["label"]: frozenset(v for v in domain if b["from"] <= int(v) <= b.get("to", 10**9))
                for b in facts["bins"]
            }
        else:
            labels = {}
            for row in csv.DictReader(io.StringIO(self.published.files[self.table["table"]])):
                if row[facts["name"]] != facts.get("total"):
                    label = row[facts["name"]]
                    labels[label] = frozenset({self._value(column, label)})
        return Axis(facts["name"], column, labels, facts.get("total"))

    def _filtered(self) -> dict[str, frozenset]:
        kept: dict[str, frozenset] = {c: v for c, v in self.published.covered.items() if c in self.common.domain}
        for condition in self.table.get("filter", ()):
            column = self._column(condition["column"])
            kept = _narrowed(kept, column, self._kept(condition, column))
        return kept

    def _kept(self, condition: Mapping[str, Any], column: str) -> frozenset:
        domain = self.common.domain[column]
        if "in" in condition:
            return frozenset(self._value(column, v) for v in condition["in"])
        if "not_in" in condition:
            return frozenset(domain) - {self._value(column, v) for v in condition["not_in"]}
        low, high = condition.get("from", -(10**9)), condition.get("to", 10**9)
        return frozenset(v for v in domain if low <= int(v) <= high)

    def keys(self) -> Iterator[tuple[str, ...]]:
        return itertools.product(*(axis.ways for axis in self.axes))

    def kept_at(self, key: Sequence[str], *, filtered: bool = True) -> dict[str, frozenset]:
        kept = dict(self.filtered if filtered else self.published.covered)
        for axis, label in zip(self.axes, key, strict=True):
            if label != axis.total:
                kept = _narrowed(kept, axis.column, axis.labels[label])
        return kept

    def terms(self, measure: Mapping[str, Any], kept: dict[str, frozenset]) -> Terms:
        """What a count, a sum or a population adds up."""
        if measure["kind"] == "count":
            return (Term(RECORDS, box_of(kept)),)
        if measure["kind"] == "count_distinct":
            return (Term(PERSONS, box_of(kept)),)
        column = self._column(measure["column"])
        if column in self.common.flags:
            return (Term(RECORDS, box_of(_narrowed(kept, column, frozenset({"1"})))),)
        return (Term(f"sum:{column}", box_of(kept)),)

    @property
    def measures(self) -> list[Mapping[str, Any]]:
        return list(self.table["measures"])

    @property
    def counts(self) -> list[Mapping[str, Any]]:
        return [m for m in self.measures if is_count(m)]

    def shown(self, key: Sequence[str], measure: Mapping[str, Any]) -> str | None:
        """The text of a figure, empty where it is blank; None where the row is left out."""
        row = self.rows.get(tuple(key))
        return None if row is None else row[measure["name"]]

    def blank(self, key: Sequence[str], measure: Mapping[str, Any]) -> bool:
        return self.shown(key, measure) == ""

    def statements(self) -> Iterator[Statement]:
        for key in self.keys():
            kept = self.kept_at(key)
            row = self.rows.get(tuple(key))
            for measure in self.measures:
                if row is None:
                    if is_count(measure):
                        yield self._said(self.terms(measure, kept), 0, 0)
                elif is_sum_of_records(measure):
                    yield from self._said_of_sum(measure, row, kept)
                elif row[measure["name"]]:
                    yield from self._said_of_ratio(measure, row, key, kept)

    def _said(self, terms: Terms, low: float, high: float, *, told: bool = True) -> Statement:
        return Statement(self.published.release, terms, low, high, told)

    def _said_of_sum(
        self, measure: Mapping[str, Any], row: Mapping[str, str], kept: dict[str, frozenset]
    ) -> Iterator[Statement]:
        text, terms = row[measure["name"]], self.terms(measure, kept)
        if text:
            value = float(text)
            yield self._said(terms, value, value)
        elif is_count(measure):
            code = row[f"{measure['name']}_annotation"]
            low, high = 1.0, np.inf
            if self.separate and code == "2":
                low = self.below
            if self.separate and code == "1" and not self._few_persons(measure):
                high = self.below - 1
            yield self._said(terms, low, high, told=False)

    def _few_persons(self, measure: Mapping[str, Any]) -> bool:
        """Whether code 1 may also say that few persons are behind many records, here or where the same is counted."""
        every = [m for table in self.published.declaration["tables"] for m in table["measures"]]
        return measure["kind"] == "count" and any("persons" in m for m in every if m["kind"] == "count")

    def _said_of_ratio(
        self, measure: Mapping[str, Any], row: Mapping[str, str], key: Sequence[str], kept: dict[str, frozenset]
    ) -> Iterator[Statement]:
        half, figure = Fraction(1, 2 * 10 ** measure.get("decimals", 1)), Fraction(row[measure["name"]])
        if measure["kind"] == "rate":
            numerator, denominator = (self._named(measure[part]) for part in ("numerator", "denominator"))
            upper, lower, whole = self.terms(numerator, kept), self.terms(denominator, kept), Fraction(measure["per"])
        elif measure["kind"] == "percent":
            numerator = self._named(measure["numerator"])
            whole_key = [a.total if a.name in measure["within"] else k for a, k in zip(self.axes, key, strict=True)]
            upper = self.terms(numerator, kept)
            lower, whole = self.terms(numerator, self.kept_at(whole_key)), Fraction(100)
        else:
            kind = {"kind": "sum", "column": measure["column"]}
            upper, lower, whole = self.terms(kind, kept), self.terms(self._named(measure["base"]), kept), Fraction(1)
        yield from self._between(upper, lower, (figure - half) / whole, (figure + half) / whole)

    def _between(self, upper: Terms, lower: Terms, least: Fraction, most: Fraction) -> Iterator[Statement]:
        """``upper`` is ``least`` to ``most`` times ``lower``."""
        for bound, low, high in ((least, 0.0, np.inf), (most, -np.inf, 0.0)):
            times = [Term(t.kind, t.box, t.times * bound.denominator) for t in upper]
            minus = [Term(t.kind, t.box, -t.times * bound.numerator) for t in lower]
            yield self._said((*times, *minus), low, high)

    def _named(self, name: str) -> Mapping[str, Any]:
        return next(m for m in self.measures if m["name"] == name)

    def targets(self) -> Iterator[Target]:
        for measure in self.counts:
            yield from self._blanks(measure)
            yield from self._groups(measure)
            yield from self._unpublished(measure)

    def _target(self, kind: str, at: Any, measure: Mapping[str, Any], terms: Terms) -> Target:
        where = f"{self.where}{at} {measure['name']}"
        behind = terms[0].box if "persons" in measure and len(terms) == 1 else None
        return Target(kind, where, self.published.release, terms, behind)

    def _blanks(self, measure: Mapping[str, Any]) -> Iterator[Target]:
        for key in self.keys():
            if self.blank(key, measure):
                yield self._target("blank", key, measure, self.terms(measure, self.kept_at(key)))

    def _groups(self, measure: Mapping[str, Any]) -> Iterator[Target]:
        """Blank parts of one total together: DDG 4.4.1 (6)."""
        for line, at in self._lines():
            parts = [key for key in line if self.blank(key, measure)]
            if len(parts) > 1:
                terms = [t for key in parts for t in self.terms(measure, self.kept_at(key))]
                yield self._target("group", at, measure, tuple(terms))

    def _unpublished(self, measure: Mapping[str, Any]) -> Iterator[Target]:
        """What the filter leaves out of each row, and totals the table does not show."""
        if self.filtered != dict(self.published.covered):
            for key in self.keys():
                whole = self.terms(measure, self.kept_at(key, filtered=False))
                part = [Term(t.kind, t.box, -t.times) for t in self.terms(measure, self.kept_at(key))]
                yield self._target("left out", key, measure, (*whole, *part))
        for line, at in self._lines():
            axis = self.axes[at[0]]
            if axis.total is None and measure["kind"] != "count_distinct":
                terms = tuple(t for key in line for t in self.terms(measure, self.kept_at(key)))
                yield self._target("total", at, measure, terms)
        column = self._column(measure["column"]) if measure["kind"] == "sum" else ""
        if column in self.common.flags:
            for key in self.keys():
                kept = _narrowed(self.kept_at(key), column, frozenset({"0"}))
                yield self._target("complement", key, measure, (Term(RECORDS, box_of(kept)),))

    def _lines(self) -> Iterator[tuple[list[tuple[str, ...]], tuple[int, Any]]]:
        """The categories of one dimension, all others held: their keys, and where they are."""
        for position, axis in enumerate(self.axes):
            others = [a.ways if i != position else [""] for i, a in enumerate(self.axes)]
            for key in itertools.product(*others):
                line = [(*key[:position], label, *key[position + 1 :]) for label in axis.labels]
                yield line, (position, key)


def is_count(measure: Mapping[str, Any]) -> bool:
    return measure["kind"] in ("count", "count_distinct") or measure.get("of") in ("persons", "events")


def is_sum_of_records(measure: Mapping[str, Any]) -> bool:
    return measure["kind"] in ("count", "count_distinct", "sum")


# ----------------------------------------------------------------------------------------------------------- finest cells


class Finest:
    """The finest cells that statements and targets tell apart, and the unknowns of each."""

    def __init__(self, common: Common, terms: Iterable[Term]):
        every = list(terms)
        self.common = common
        boxes = {t.box for t in every}
        tied = {c for tie in common.ties for c in tie.columns} | set(common.flags)
        used = {c for box in boxes for c, _ in box}
        used |= {c for tie in common.ties if len(used & set(tie.columns)) for c in tie.columns}
        self.columns = sorted(used)
        self.classes = {
            c: self._sorted(c, {dict(b)[c] for b in boxes if c in dict(b)}, c in tied) for c in self.columns
        }
        self.shape = [max(k.values()) + 1 for k in self.classes.values()]
        full = list(itertools.product(*map(range, self.shape)))
        untied = self._untied(full)
        self.kept = np.arange(len(full)) if any(t.strays for t in common.ties) else np.flatnonzero(~untied)
        self.atoms = [full[k] for k in self.kept]
        self.forbidden = np.flatnonzero(untied[self.kept])
        self.number = {atom: k for k, atom in enumerate(self.atoms)}
        self._lay_out(every)

    def _sorted(self, column: str, sides: set[frozenset], apart: bool) -> dict[str, int]:
        """Value → its class; values that no side tells apart are one."""
        order = sorted(sides, key=lambda side: sorted(side))
        kinds: dict[Any, int] = {}
        return {
            v: kinds.setdefault(v if apart else tuple(v in s for s in order), len(kinds))
            for v in self.common.domain[column]
        }

    def _lay_out(self, every: list[Term]) -> None:
        self.blocks = {RECORDS: 0}
        at = len(self.atoms)
        columns = {t.kind for t in every} - {RECORDS, PERSONS}
        named = {k.removeprefix("sum:") for k in columns}
        related = [{a, b} for a, b in self.common.ordered] + [set(parts) for parts in self.common.added]
        for group in related:
            named |= group if group & named else set()
        self.sums = sorted(named)
        for column in self.sums:
            self.blocks[f"sum:{column}"] = at
            at += len(self.atoms)
        self.types: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        if any(t.kind == PERSONS for t in every):
            self.blocks[PERSONS] = at
            self._persons()
            at += len(self.types)
        self.size = at

    def _persons(self) -> None:
        """A kind of person: the atoms one such person has records in; they differ in roaming columns alone."""
        groups: dict[tuple[int, ...], list[int]] = {}
        fixed = [k for k, c in enumerate(self.columns) if c not in self.common.roaming and c not in self.common.flags]
        for number, atom in enumerate(self.atoms):
            groups.setdefault(tuple(atom[k] for k in fixed), []).append(number)
        most = 1 if self.common.one_each else max(map(len, groups.values()))
        if most > 10:
            raise TooLarge(f"{most} categories a person may be in")
        for group in groups.values():
            for size in range(1, min(most, len(group)) + 1):
                self.types += [(tuple(group), some) for some in itertools.combinations(group, size)]

    def mask(self, box: Box) -> np.ndarray:
        kept = dict(box)
        made = np.ones(1)
        for column, size in zip(self.columns, self.shape, strict=True):
            side = np.ones(size)
            if column in kept:
                side[:] = 0
                side[[self.classes[column][v] for v in kept[column]]] = 1
            made = np.outer(made, side).ravel()
        return made[self.kept]

    def row(self, terms: Terms) -> np.ndarray:
        row = np.zeros(self.size)
        for term in terms:
            mask, start = self.mask(term.box), self.blocks[term.kind]
            if term.kind == PERSONS:
                row[start:] += term.times * np.array([float(mask[list(some)].any()) for _, some in self.types])
            else:
                row[start : start + len(mask)] += term.times * mask
        return row

    def _untied(self, full: list[tuple[int, ...]]) -> np.ndarray:
        """bool[combinations]: those that the ties leave no record."""
        out = np.zeros(len(full), dtype=bool)
        for tie in self.common.ties:
            if not set(tie.columns) <= set(self.columns):
                continue
            where = [self.columns.index(c) for c in tie.columns]
            ok = {tuple(self.classes[c][v] for c, v in zip(tie.columns, way, strict=True)) for way in tie.allowed}
            out |= np.array([tuple(atom[k] for k in where) not in ok for atom in full])
        return out

    def of_strays(self) -> list[int]:
        """The unknowns that are of stray records alone, sums and persons too."""
        size, atoms = len(self.atoms), set(self.forbidden.tolist())
        starts = [start for kind, start in self.blocks.items() if kind != PERSONS]
        persons = [
            self.blocks[PERSONS] + number for number, (_, some) in enumerate(self.types) if atoms.issuperset(some)
        ]
        return [start + atom for start in starts for atom in range(size) if atom in atoms] + persons

    def laws(self) -> Iterator[tuple[np.ndarray, float, float]]:
        """What holds between the unknowns of each atom, whatever is published."""
        count = len(self.atoms)
        for number in range(count):
            for column in self.sums:
                least, most = self.common.at_least.get(column, 0), MOST
                row = self._at(number, f"sum:{column}", RECORDS, -least)
                yield row, 0, np.inf
                yield self._at(number, f"sum:{column}", RECORDS, -most), -np.inf, 0
                if column in self.common.residents and least < 1:
                    yield self._at(number, f"sum:{column}", RECORDS, -1), 0, np.inf
            for small, large in self.common.ordered:
                if large in self.sums:
                    yield self._at(number, f"sum:{large}", f"sum:{small}", -1), 0, np.inf
            for one, other, whole in self.common.added:
                if whole in self.sums:
                    row = self._at(number, f"sum:{whole}", f"sum:{one}", -1)
                    row[self.blocks[f"sum:{other}"] + number] = -1
                    yield row, 0, 0
        if PERSONS in self.blocks:
            yield from self._person_laws()

    def _person_laws(self) -> Iterator[tuple[np.ndarray, float, float]]:
        for number in range(len(self.atoms)):
            inside = np.zeros(self.size)
            inside[self.blocks[PERSONS] :] = [-float(number in some) for _, some in self.types]
            inside[number] = 1
            yield inside.copy(), 0, 0 if self.common.one_each else np.inf
            many = inside * MOST
            many[number] = 1
            yield many, -np.inf, 0

    def _at(self, number: int, kind: str, other: str, times: float) -> np.ndarray:
        row = np.zeros(self.size)
        row[self.blocks[kind] + number] = 1
        row[self.blocks[other] + number] += times
        return row


class TooLarge(Exception):
    """More unknowns than the proof is made for."""


# ---------------------------------------------------------------------------------------------------------------- solving


class Undecided(Exception):
    """The integer program was not solved in time."""


class Contradiction(Exception):
    """Nothing agrees with all that is published: the outsider reads it wrongly, or a published figure is wrong."""


class Programme:
    """Whole numbers between nothing and many that satisfy rows; asks HiGHS for extremes."""

    def __init__(self, matrix: sparse.csr_matrix, low: np.ndarray, high: np.ndarray, most: np.ndarray):
        self.matrix, self.low, self.high = matrix, low, high
        size = matrix.shape[1]
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = size, matrix.shape[0]
        model.col_cost_ = np.zeros(size)
        model.col_lower_, model.col_upper_ = np.zeros(size), most
        model.row_lower_, model.row_upper_ = low, high
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
        model.a_matrix_.value_ = matrix.data
        model.integrality_ = [highspy.HighsVarType.kInteger] * size
        self.highs = highspy.Highs()
        for option, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5}.items():
            self.highs.setOptionValue(option, value)
        self.highs.setOptionValue("time_limit", 1e9)
        self.highs.passModel(model)

    def least(self, cost: np.ndarray, enough: float = -np.inf, seconds: float = 60.0) -> np.ndarray | None:
        """The whole numbers that make ``cost`` least, or no more than ``enough``; None where there are none."""
        highs = self.highs
        highs.setOptionValue("objective_target", float(enough))
        highs.setOptionValue("time_limit", float(highs.getRunTime() + seconds))
        highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost.astype(float))
        highs.run()
        status = highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        solved = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kObjectiveTarget)
        if status not in solved:
            raise Undecided(str(status))
        found = np.rint(np.array(highs.getSolution().col_value))
        got = self.matrix @ found
        if (got < self.low - 1e-6).any() or (got > self.high + 1e-6).any():
            raise Undecided("the solution is none in whole numbers")
        return found


@dataclass(frozen=True)
class Finding:
    """A target with what it can be; ``high`` may be too low where ``open``, for three apart are enough."""

    target: Target
    low: float
    high: float
    truth: int

    def __str__(self) -> str:
        return f"{self.target.kind} {self.target.where}: {self.low:g} to {self.high:g}, it is {self.truth}"


class Outsider:
    """Everything that is public of one source, read together."""

    def __init__(self, common: Common, published: Sequence[Published]):
        self.common, self.published = common, published
        self.readings = [
            Reading(release, table, common)
            for release in published
            for table in release.declaration["tables"]
            if table["table"] in release.files
        ]
        self.statements = list(dict.fromkeys(s for reading in self.readings for s in reading.statements()))
        self.targets = list({t.terms: t for reading in self.readings for t in reading.targets()}.values())
        terms = [t for said in (*self.statements, *self.targets) for t in said.terms]
        self.finest = Finest(common, terms)
        self.targets = [t for t in self.targets if not self._of_strays_alone(t)]

    def _of_strays_alone(self, target: Target) -> bool:
        """That there are the fewest strays is a guess; a figure that counts nothing else rests on the guess alone."""
        row = self.finest.row(target.terms)
        row[self.finest.of_strays()] = 0
        return not row.any()

    def agree(self, truth: np.ndarray, release: str) -> list[Statement]:
        """Statements of a release that the true unknowns break: the outsider's reading, or the publisher, is wrong."""
        broken = []
        for said in self.statements:
            if said.release == release:
                value = self.finest.row(said.terms) @ truth
                if not said.low - 1e-6 <= value <= said.high + 1e-6:
                    broken.append(said)
        return broken

    def leaks(self, truths: Mapping[str, np.ndarray], small: Any, width: int = 3) -> list[Finding]:
        """Targets that are truly small and left with too few values. ``truths``: release → its true unknowns; used to
        choose what to look at and to see whether what comes out is true, never as knowledge · ``small(target)``."""
        found: dict[Terms, Finding] = {}
        for release in [r for r in dict.fromkeys(p.release for p in self.published) if r in truths]:
            targets = [
                target
                for target in self.targets
                if target.terms not in found and target.release == release and small(target, truths[release])
            ]
            if targets:
                for finding in self._narrow(release, targets, truths[release], width):
                    found[finding.target.terms] = finding
        return list(found.values())

    def _narrow(self, base: str, targets: list[Target], truth: np.ndarray, width: int) -> Iterator[Finding]:
        programme = self.programme(base)
        rows = np.stack([np.concatenate([self.finest.row(t.terms), self._zeros(programme)]) for t in targets])
        seen: list[np.ndarray] = []

        def look(cost: np.ndarray, enough: float) -> float:
            best = programme.least(cost, enough)
            if best is None:
                raise Contradiction
            seen.append(rows @ best)
            return float(cost @ best)

        look(np.zeros(rows.shape[1]), -np.inf)
        for number, target in enumerate(targets):
            needed = 1 if target.kind == "group" else width
            values = [s[number] for s in seen]
            if max(values) - min(values) >= needed:
                continue
            high = -look(-rows[number], -(min(values) + needed))
            if high - min(values) < needed:
                low = look(rows[number], high - needed)
                if high - low < needed and (low >= 1 or target.kind in IN_A_TABLE):
                    true = round(float(rows[number][: len(truth)] @ truth))
                    strays = self.strays if any(t.strays for t in self.common.ties) else 0
                    if low - strays <= true <= high + strays:
                        yield Finding(target, low, high, true)

    def _zeros(self, programme: Programme) -> np.ndarray:
        return np.zeros(programme.matrix.shape[1] - self.finest.size)

    strays = 0.0

    def programme(self, base: str) -> Programme:
        """All that is known with the figures of ``base`` taken as right, and the fewest others set aside."""
        finest = self.finest
        laws = list(finest.laws())
        hard = [s for s in self.statements if s.release == base]
        shown = {s.terms: s for s in hard}
        soft = []
        for said in self.statements:
            same = shown.get(said.terms)
            if said.release != base and not (same is not None and (said.high < same.low or said.low > same.high)):
                soft.append(said)
        most = np.full(finest.size, MOST * 100)
        most[: len(finest.atoms)] = MOST
        rows = [(finest.row(s.terms), s.low, s.high) for s in (*hard, *soft)] + laws
        if soft and _programme(rows, most).least(np.zeros(finest.size)) is None:
            rows, most = self._set_aside(hard, soft, laws, most)
        if len(finest.forbidden):
            strays = np.zeros(len(most))
            strays[finest.forbidden] = 1
            rows = [*rows, (strays, 0, self._fewest(rows, strays, most))]
        return _programme(rows, most)

    def _fewest(self, rows: list[Row], counted: np.ndarray, most: np.ndarray) -> float:
        """How many of the counted unknowns there must be at least."""
        best = _programme(rows, most).least(counted)
        if best is None:
            raise Contradiction
        return float(counted @ best)

    def _set_aside(
        self, hard: list[Statement], soft: list[Statement], laws: list[Row], most: np.ndarray
    ) -> tuple[list[Row], np.ndarray]:
        """Each figure of another release holds, or is one of the fewest that do not: rows, and an unknown more for each."""
        finest, told = self.finest, [s for s in soft if s.told]
        size, many = finest.size, MOST * 20
        rows = [(np.concatenate([r, np.zeros(len(told))]), low, high) for r, low, high in laws]
        rows += [(np.concatenate([finest.row(s.terms), np.zeros(len(told))]), s.low, s.high) for s in hard]
        for number, said in enumerate(told):
            row = finest.row(said.terms)
            for low, high, sign in ((-np.inf, said.high, -many), (said.low, np.inf, many)):
                if np.isfinite(high if sign < 0 else low):
                    slack = np.zeros(len(told))
                    slack[number] = sign
                    rows.append((np.concatenate([row, slack]), low, high))
        most = np.concatenate([most, np.ones(len(told))])
        aside = np.concatenate([np.zeros(size), np.ones(len(told))])
        return [*rows, (aside, 0, self._fewest(rows, aside, most))], most


def _programme(rows: Sequence[Row], most: np.ndarray) -> Programme:
    matrix = sparse.csr_matrix(np.stack([row for row, _, _ in rows]))
    low = np.array([low for _, low, _ in rows], dtype=float)
    high = np.array([high for _, _, high in rows], dtype=float)
    return Programme(matrix, low, high, most)
