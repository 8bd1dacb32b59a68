"""A stranger who has the published CSV files and the data dictionary, and works out what the blanks can be.

Shares nothing with the code that hides or attacks: no cells, no atoms, no equations of theirs. The unknowns are the counts of
the finest groups of records the dictionary tells apart; every published figure is a sum of them. What a blank can be at
least and at most is an integer program over those.
"""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

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
    """One published table. ``kept``: column → the values its filter leaves; ``text``: the file."""

    axes: tuple[Axis, ...]
    kept: dict[str, Values]
    text: str
    separate: bool
    measure: str
    additive: bool = True
    persons: bool = False
    whole: dict[str, Values] = field(default_factory=dict)


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


def cells_of(papers: list[Paper], domain: dict[str, list], threshold: int) -> list[Cell]:
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
                low = threshold
            if paper.separate and code == "1" and not paper.persons:
                high = threshold - 1
            found.append(Cell(where, tuple(box), low, high, True, code if paper.separate else ""))
    return found


class Knowledge:
    """The finest groups of records, and every cell as a sum of them."""

    def __init__(self, cells: list[Cell], columns: int):
        self.cells = cells
        classes: list[dict] = []
        for c in range(columns):
            sides = sorted({cell.box[c] for cell in cells}, key=lambda s: sorted(map(str, s)))
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
        self.rules = LinearConstraint(sparse.csr_array(self.matrix), self.low, self.high)

    def row(self, box) -> np.ndarray:
        made = np.ones(1)
        for kinds, side in zip(self.classes, box, strict=True):
            mask = np.zeros(max(kinds.values(), default=-1) + 1)
            mask[[kinds[v] for v in side]] = 1
            made = np.outer(made, mask).ravel()
        return made

    def extreme(self, row: np.ndarray, sign: int) -> float:
        cap = 100_000
        got = milp(sign * row, constraints=[self.rules], integrality=np.ones(self.size), bounds=Bounds(0, cap))
        if got.x is None:
            raise AssertionError(f"no table agrees with what is published: {got.message}")
        return float(round(row @ np.rint(got.x)))

    def span(self, row: np.ndarray) -> tuple[int, float]:
        return int(self.extreme(row, 1)), self.extreme(row, -1)


def leaks(papers: list[Paper], domain: dict[str, list], threshold: int, width: int = 3) -> list[Leak]:
    """Blanks that can be small and leave too few values; groups of blanks whose sum is known and small."""
    cells = cells_of(papers, domain, threshold)
    known = Knowledge(cells, len(domain))
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
        if cell.code == "2" or (low >= threshold and not any(p.persons for p in papers)):
            continue
        if high - low < width:
            found.append(Leak(cell.where, low, high, "blank"))
    found += _groups(papers, cells, known, threshold)
    return found


def _groups(papers, cells, known, threshold) -> list[Leak]:
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
                if len(blank) < 2 or sum(cells[p].low for p in blank) >= threshold:
                    continue
                row = known.matrix[blank].sum(axis=0)
                low, high = known.span(row)
                if low == high and 1 <= low < threshold:
                    found.append(Leak(f"group {[cells[p].where for p in blank]}", low, high, "group"))
    return found
