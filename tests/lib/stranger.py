"""A stranger who has the published CSV files and the data dictionary, and works out what the blanks can be.

Shares nothing with the code that hides or attacks: no cells, no atoms, no equations of theirs. The unknowns are the counts of
the finest groups of records the dictionary tells apart; every published figure is a sum of them. What a blank can be at
least and at most is an integer program over those.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from include.opendata.rules.small_cells import SmallCellRule

Values = frozenset


@dataclass(frozen=True)
class Axis:
    """A dimension as the dictionary tells it: label → the source's values behind it; the total's label."""

    name: str
    column: str
    labels: dict[str, Values]
    total: str | None


@dataclass(frozen=True)
class Paper:
    """One published table. ``kept``: column → the values its filter leaves; ``text``: the file · ``percents``: columns of
    percentages with the dimensions whose total they are of · ``rates``: columns of rates with the published column they are
    counted from, and per how many · ``means``: columns of means with the amounts they are means of. With their decimals."""

    axes: tuple[Axis, ...]
    kept: dict[str, Values]
    text: str
    separate: bool
    measure: str
    additive: bool = True
    persons: bool = False
    percents: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    rates: tuple[tuple[str, str, int, int], ...] = ()
    means: tuple[tuple[str, str, int], ...] = ()


@dataclass
class Share:
    """A percentage that is shown: ``part`` of ``whole`` is ``least`` to ``most`` in ``of``."""

    part: tuple[Values, ...]
    whole: tuple[Values, ...]
    least: int
    most: int
    of: int


@dataclass
class Cell:
    """Where a figure stands, the box of raw values it counts, and what is said of it."""

    where: str
    box: tuple[Values, ...]
    low: int
    high: float
    blank: bool = False
    code: str = ""


@dataclass
class Leak:
    where: str
    low: int
    high: float
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.where}: {self.low}..{self.high}"


def cells_of(papers: list[Paper], domain: dict[str, list], rule: SmallCellRule) -> list[Cell]:
    """Every figure and every blank, and the zeros of combinations that have no row."""
    columns = sorted(domain)
    found: list[Cell] = []
    for number, paper in enumerate(papers):
        rows = list(csv.DictReader(io.StringIO(paper.text)))
        by_key = {tuple(row[a.name] for a in paper.axes): row for row in rows}
        ways = [[*a.labels, *([a.total] if a.total is not None else [])] for a in paper.axes]
        for key in itertools.product(*ways):
            box = []
            for column in columns:
                own = paper.kept.get(column, frozenset(domain[column]))
                for axis, label in zip(paper.axes, key, strict=True):
                    if axis.column == column and label != axis.total:
                        own = own & axis.labels[label]
                box.append(own)
            where = f"t{number}{key}"
            row = by_key.get(key)
            if row is None:
                found.append(Cell(where, tuple(box), 0, 0))
                continue
            text, code = row[paper.measure], row[paper.measure + "_annotation"]
            if text:
                found.append(Cell(where, tuple(box), int(text), int(text)))
                continue
            low, high = 1, np.inf
            if paper.separate and code == "2":
                low = rule.below
            if paper.separate and code == "1" and not paper.persons:
                high = rule.largest
            least, most = told_by_ratios(paper, row)
            low, high = max(low, least), min(high, most)
            found.append(Cell(where, tuple(box), low, high, True, code if paper.separate else ""))
    return found


def told_by_ratios(paper: Paper, row: dict[str, str]) -> tuple[int, float]:
    """What the rates and means of a row say of its count."""
    low, high = 0, np.inf
    for name, counted_from, per, decimals in paper.rates:
        if row[name] and row[counted_from]:
            rate, half, people = Fraction(row[name]), Fraction(1, 2 * 10**decimals), int(row[counted_from])
            low, high = max(low, ceil((rate - half) * people / per)), min(high, floor((rate + half) * people / per))
    for name, amount, decimals in paper.means:
        if row[name] and row[amount]:
            mean, half, together = Fraction(row[name]), Fraction(1, 2 * 10**decimals), Fraction(row[amount])
            low = max(low, ceil(together / (mean + half)))
            high = min(high, floor(together / (mean - half))) if mean > half else high
    return low, high


def shares_of(papers: list[Paper], domain: dict[str, list]) -> list[Share]:
    """Every percentage that is shown, of which total, within its rounding."""
    columns = sorted(domain)
    found = []
    for paper in papers:
        for row in csv.DictReader(io.StringIO(paper.text)):
            for name, within, decimals in paper.percents:
                if not row[name]:
                    continue
                boxes = []
                for totals in ((), within):
                    box = []
                    for column in columns:
                        own = paper.kept.get(column, frozenset(domain[column]))
                        for axis in paper.axes:
                            if axis.column == column and axis.name not in totals and row[axis.name] != axis.total:
                                own = own & axis.labels[row[axis.name]]
                        box.append(own)
                    boxes.append(tuple(box))
                twice = int(2 * Fraction(row[name]) * 10**decimals)
                found.append(Share(*boxes, twice - 1, twice + 1, 200 * 10**decimals))
    return found


class Knowledge:
    """The finest groups of records, and every cell as a sum of them."""

    def __init__(self, cells: list[Cell], columns: int, shares: Sequence[Share] = ()):
        self.cells = cells
        classes: list[dict] = []
        for c in range(columns):
            every_box = [*(cell.box for cell in cells), *(s.part for s in shares), *(s.whole for s in shares)]
            sides = sorted({box[c] for box in every_box}, key=lambda s: sorted(map(str, s)))
            every = frozenset().union(*sides)
            kinds: dict[tuple[bool, ...], int] = {}
            classes.append(
                {v: kinds.setdefault(tuple(v in s for s in sides), len(kinds)) for v in sorted(every, key=str)}
            )
        self.classes = classes
        self.shape = [max(k.values(), default=-1) + 1 for k in classes]
        self.size = int(np.prod(self.shape))
        self.matrix = np.stack([self.row(cell.box) for cell in cells])
        self.low = np.array([cell.low for cell in cells], dtype=float)
        self.high = np.array([cell.high for cell in cells], dtype=float)
        self.rules = [LinearConstraint(sparse.csr_array(self.matrix), self.low, self.high)]
        for share in shares:
            part, whole = share.of * self.row(share.part), self.row(share.whole)
            self.rules.append(LinearConstraint(part - share.least * whole, 0, np.inf))
            self.rules.append(LinearConstraint(part - share.most * whole, -np.inf, 0))

    def row(self, box) -> np.ndarray:
        made = np.ones(1)
        for kinds, side in zip(self.classes, box, strict=True):
            mask = np.zeros(max(kinds.values(), default=-1) + 1)
            mask[[kinds[v] for v in side]] = 1
            made = np.outer(made, mask).ravel()
        return made

    def extreme(self, row: np.ndarray, sign: int) -> float:
        cap = 100_000
        got = milp(sign * row, constraints=self.rules, integrality=np.ones(self.size), bounds=Bounds(0, cap))
        if got.x is None:
            raise AssertionError(f"no table agrees with what is published: {got.message}")
        return float(round(row @ np.rint(got.x)))

    def span(self, row: np.ndarray) -> tuple[int, float]:
        return int(self.extreme(row, 1)), self.extreme(row, -1)


def leaks(papers: list[Paper], domain: dict[str, list], rule: SmallCellRule) -> list[Leak]:
    """Blanks that can be small and leave too few values; groups of blanks whose sum is known and small."""
    cells = cells_of(papers, domain, rule)
    known = Knowledge(cells, len(domain), shares_of(papers, domain))
    found: list[Leak] = []
    done: dict[bytes, tuple[int, float]] = {}
    for k, cell in enumerate(cells):
        if not cell.blank:
            continue
        row = known.matrix[k]
        key = row.tobytes()
        if key not in done:
            done[key] = known.span(row)
        low, high = done[key]
        if cell.code == "2" or (low >= rule.below and not any(p.persons for p in papers)):
            continue
        if high - low < rule.width:
            found.append(Leak(cell.where, low, high, "blank"))
    found += _groups(papers, cells, known, rule)
    return found


def _groups(papers, cells, known, rule) -> list[Leak]:
    found = []
    at = 0
    for paper in papers:
        ways = [[*a.labels, *([a.total] if a.total is not None else [])] for a in paper.axes]
        index = {key: at + n for n, key in enumerate(itertools.product(*ways))}
        at += len(index)
        for d, axis in enumerate(paper.axes):
            for key in itertools.product(*(w if i != d else [None] for i, w in enumerate(ways))):
                parts = [index[(*key[:d], label, *key[d + 1 :])] for label in axis.labels]
                blank = [p for p in parts if cells[p].blank]
                if len(blank) < 2 or sum(cells[p].low for p in blank) >= rule.below:
                    continue
                row = known.matrix[blank].sum(axis=0)
                low, high = known.span(row)
                if low == high and 1 <= low < rule.below:
                    found.append(Leak(f"group {[cells[p].where for p in blank]}", low, high, "group"))
    return found
