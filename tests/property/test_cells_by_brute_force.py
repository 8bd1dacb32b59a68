"""``cells.link`` against brute force: its sums are true for every count there can be, and nothing that holds is missing.

Hiding, attack and proof share it, so that what it leaves out is left out everywhere. The families of tables here have
filters, categories that a filter leaves without a record, tied columns on one axis and totals that are not shown. Every
atom is written out; what is true of the figures is what is true of all counts of the atoms.
"""

import itertools
import random

import numpy as np
import pandas as pd
import pytest

from include.opendata.disclosure.cells import described, link
from include.opendata.disclosure.cells.linking import LinkedCells
from include.opendata.vocabulary import Structure, TableDimension, TableMeasure, axis_of

COUNT = TableMeasure("Persons", "count", "count:records", True)
TIED = ("county", "region")
"""Two columns on one axis: of their 3 × 2 combinations only some occur."""


def random_tables(draw: random.Random) -> tuple[dict[str, int], list[Structure]]:
    """Axis → how many atoms it has, and a few tables made of its parts."""
    sizes = {axis_of(TIED): draw.choice([3, 4]), "age": draw.choice([2, 3]), "sex": 2}
    axes = dict(draw.sample(sorted(sizes.items()), draw.choice([2, 3])))
    return axes, [_table(draw, axes, number) for number in range(draw.choice([1, 2, 2, 3]))]


def _table(draw: random.Random, axes: dict[str, int], number: int) -> Structure:
    used = draw.sample(sorted(axes), draw.randint(1, 2))
    kept = {axis: _kept(draw, size) for axis, size in axes.items()}
    dimensions = []
    for axis in used:
        columns = list(TIED) if axis == axis_of(TIED) else [axis]
        for column in draw.sample(columns, draw.randint(1, len(columns))):
            dimensions.append(_dimension(draw, column, axis, kept[axis]))
    rest = {axis: tuple(atoms) for axis, atoms in kept.items() if axis not in used}
    return Structure(f"t{number}", tuple(dimensions), (COUNT,), rest)


def _kept(draw: random.Random, size: int) -> list[int]:
    return list(range(size)) if draw.random() < 0.6 else sorted(draw.sample(range(size), draw.randint(1, size)))


def _dimension(draw: random.Random, column: str, axis: str, kept: list[int]) -> TableDimension:
    """Every atom in one of up to three categories; sometimes those of one are not listed: they have no record here."""
    groups: dict[str, tuple[int, ...]] = {}
    for atom in kept:
        label = f"{column} {draw.randint(0, 2)}"
        groups[label] = (*groups.get(label, ()), atom)
    listed = dict(sorted(groups.items()))
    if len(listed) > 1 and draw.random() < 0.25:
        del listed[draw.choice(sorted(listed))]
    total = draw.choice(["Total", "Total", None])
    atoms = {**listed, "": tuple(kept)} | ({total: tuple(kept)} if total else {})
    tied = TIED if axis == axis_of(TIED) else ()
    return TableDimension(column, column, tuple(listed), total, atoms=atoms, tied=tied)


def unlisted(axes: dict[str, int], tables: list[Structure]) -> np.ndarray:
    """bool[atoms]: combinations a table says no record has, for it does not list their category."""
    names = list(axes)
    nobody = np.zeros(list(axes.values()), dtype=bool)
    for table in tables:
        for dimension in table.dimensions:
            listed = set().union(*(dimension.atoms[label] for label in dimension.labels))
            missing = sorted(set(dimension.atoms[""]) - listed)
            kept = {d.axis: list(d.atoms[""]) for d in table.dimensions} | dict(table.filter_atoms)
            kept[dimension.axis] = missing
            nobody[np.ix_(*(list(kept[axis]) for axis in names))] = True
    return nobody.ravel()


def made_of(cells: LinkedCells, axes: dict[str, int]) -> np.ndarray:
    """float[cells, atoms]: which atoms each cell counts; the cell of no one counts none."""
    rows = []
    for key in cells.keys:
        mask = np.zeros(list(axes.values()))
        if (-1,) not in key:
            nodes = dict(zip(cells.columns, key, strict=True))
            mask[np.ix_(*(list(nodes[axis]) for axis in axes))] = 1
        rows.append(mask.ravel())
    return np.array(rows)


def frame_of(table: Structure):
    """The labels of a table's rows; their figures are not read."""
    labels = [[*d.labels, *([d.total] if d.total else [])] for d in table.dimensions]
    return pd.DataFrame(list(itertools.product(*labels)), columns=[d.name for d in table.dimensions])


@pytest.mark.parametrize("seed", range(120))
def test_the_sums_are_all_there_are_and_all_are_true(seed):
    axes, tables = random_tables(random.Random(seed))
    (cells,) = link([described(t, frame_of(t)) for t in tables], joint=True)
    atoms = made_of(cells, axes)
    nobody = unlisted(axes, tables)
    atoms[:, nobody] = 0  # everybody sees that no record is there

    balance = np.zeros((len(cells.equations), len(cells.keys)))
    for row, (parent, children) in enumerate(cells.equations):
        balance[row, parent] -= 1
        for child in children:
            balance[row, child] += 1
    assert not (balance @ atoms).any(), "a sum is not true of every count"

    zeros = np.eye(len(cells.keys))[sorted(of_no_one(cells, atoms))]
    known = np.concatenate([balance, zeros])
    free = np.linalg.matrix_rank(_null_space(known)[:, cells.published], tol=1e-6)
    assert free == np.linalg.matrix_rank(atoms[cells.published]), "a relation between published figures is missing"


def of_no_one(cells: LinkedCells, atoms: np.ndarray) -> set[int]:
    """The published cells that are seen to be zero, and the parts of such cells, for no count is less than zero."""
    zero = set(np.flatnonzero(~atoms.any(axis=1) & cells.published).tolist())
    before = -1
    while before < len(zero):
        before = len(zero)
        for parent, children in cells.equations:
            if parent in zero:
                zero.update(children)
            elif zero.issuperset(children):
                zero.add(parent)
    return zero


def _null_space(rows: np.ndarray) -> np.ndarray:
    """float[k, n]: all that the rows leave possible."""
    if not len(rows):
        return np.eye(rows.shape[1])
    _, singular, vectors = np.linalg.svd(rows)
    return vectors[int((singular > 1e-9).sum()) :]
