"""The sums that ``cells`` finds are all there are: they span every linear relation between published figures."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from include.opendata.disclosure.cells import link
from tests.lib.cubes import described, table


@st.composite
def partitions(draw, atoms: int):
    """A partition of 0..atoms-1 into named categories (contiguous or not)."""
    labels = draw(st.lists(st.integers(0, 2), min_size=atoms, max_size=atoms))
    groups: dict[int, list[int]] = {}
    for atom, label in enumerate(labels):
        groups.setdefault(label, []).append(atom)
    return {f"g{label}": tuple(members) for label, members in sorted(groups.items())}


@st.composite
def linked_tables(draw):
    shape = draw(st.sampled_from([(3, 2), (4, 2), (3, 2, 2)]))
    columns = ("a", "b", "c")[: len(shape)]
    tables = []
    for number in range(draw(st.integers(1, 2))):
        used = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=2, unique=True))
        dimensions = {c: draw(partitions(shape[columns.index(c)])) for c in used}
        totals = {c: draw(st.sampled_from(["Total", None])) for c in used}
        tables.append(table(f"t{number}", np.zeros(shape, dtype=int), columns, dimensions, totals))
    return shape, columns, tables


@given(linked_tables())
@settings(max_examples=150, deadline=None)
def test_every_relation_between_published_figures_is_found(drawn):
    shape, columns, tables = drawn
    (cells,) = link(described(tables), joint=True)
    published = np.flatnonzero(cells.published)
    order = [columns.index(c) for c in cells.columns]
    made_of = np.zeros((len(published), int(np.prod(shape))))
    for row, cell in enumerate(published):
        mask = np.zeros(shape)
        index: list = [None] * len(shape)
        for axis, node in zip(order, cells.keys[cell], strict=True):
            index[axis] = list(node)
        for axis in range(len(shape)):
            index[axis] = index[axis] if index[axis] is not None else list(range(shape[axis]))
        mask[np.ix_(*index)] = 1
        made_of[row] = mask.ravel()
    degrees_of_freedom = np.linalg.matrix_rank(made_of)

    system = np.zeros((len(cells.equations), len(cells.keys)))
    for row, (parent, children) in enumerate(cells.equations):
        system[row, parent] = -1
        system[row, list(children)] = 1
    if len(system):
        _, singular, vectors = np.linalg.svd(system)
        rank = int((singular > 1e-9).sum())
        null = vectors[rank:]
    else:
        null = np.eye(len(cells.keys))
    assert np.linalg.matrix_rank(null[:, published]) == degrees_of_freedom


@given(linked_tables(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_every_sum_holds_on_true_counts(drawn, random):
    shape, columns, tables = drawn
    cube = np.array([random.randrange(20) for _ in range(int(np.prod(shape)))]).reshape(shape)
    (cells,) = link(described(tables), joint=True)
    order = [columns.index(c) for c in cells.columns]

    def count(cell):
        index: list = [list(range(n)) for n in shape]
        for axis, node in zip(order, cells.keys[cell], strict=True):
            index[axis] = list(node)
        return int(cube[np.ix_(*index)].sum())

    for parent, children in cells.equations:
        assert count(parent) == sum(count(child) for child in children)
