"""Moves leave every total true, and the cheapest is found."""

import itertools

import numpy as np
import pytest

from include.opendata.disclosure.protect.cube import Axis
from include.opendata.disclosure.protect.cube import moves as moves_module
from include.opendata.disclosure.protect.cube.moves import moves_of
from include.opendata.disclosure.protect.cube.search import BARRED, cheapest_move
from include.opendata.disclosure.protect.cube.table import close, leaves_of
from include.opendata.errors import InputError
from tests.unit.disclosure.protect.cube.grids import axis

DEEP = Axis(np.array([5, 5, 6, 6, 6, 7, 7, 8, -1]))
CUBES = [
    (Axis.flat(3), Axis.flat(2)),
    (axis(5, [[0, 1], [2, 3, 4]]), Axis.flat(2), Axis.flat(3)),
    (Axis.flat(4), DEEP),
    (Axis.flat(6),),
]


def all_moves(axes, cell):
    """Every move that raises ``cell``, as {cell: sign}, by multiplying the changes along each axis."""
    layout = moves_of(axes)
    strides, shape, start, option, entry, offset, sign, _ = layout.arrays
    ways = []
    for a in range(len(axes)):
        node = start[a] + (cell // strides[a]) % shape[a]
        ways.append(
            [
                [(0, 1), *((int(offset[e]), int(sign[e])) for e in range(entry[o], entry[o + 1]))]
                for o in range(option[node], option[node + 1])
            ]
        )
    for choice in itertools.product(*ways):
        found = {cell: 1}
        found.clear()
        for corner in itertools.product(*choice):
            found[cell + sum(step for step, _ in corner)] = int(np.prod([s for _, s in corner]))
        yield found


@pytest.mark.parametrize("axes", CUBES, ids=["flat", "groups", "deep", "one way"])
def test_a_move_leaves_every_total_true(axes):
    shape = tuple(a.nodes for a in axes)
    for cell in range(int(np.prod(shape))):
        for move in itertools.islice(all_moves(axes, cell), 40):
            change = np.zeros(shape, dtype=np.int64)
            change.reshape(-1)[list(move)] = list(move.values())
            assert change.reshape(-1)[cell] == 1
            assert (close(leaves_of(change, axes), axes) == change).all()


@pytest.mark.parametrize("axes", CUBES, ids=["flat", "groups", "deep", "one way"])
@pytest.mark.parametrize("seed", range(5))
def test_the_search_finds_the_cheapest_move(axes, seed):
    rng = np.random.default_rng(seed)
    layout = moves_of(axes)
    size = int(np.prod([a.nodes for a in axes]))
    price = rng.choice([0, 0, 3, 10, 25, int(BARRED)], size).astype(np.int64)
    room = rng.choice([1, 2, 3, 3], size).astype(np.int64)
    work = layout.workspace()
    cells, signs = np.zeros(layout.most_cells, dtype=np.int64), np.zeros(layout.most_cells, dtype=np.int8)
    for cell in rng.permutation(size)[:25]:
        costs = []
        for move in all_moves(axes, int(cell)):
            others = [(c, s) for c, s in move.items() if c != cell]
            costs.append(sum(int(price[c]) + (0 if room[c] >> (0 if s > 0 else 1) & 1 else 100) for c, s in others))
        n, cost = cheapest_move(cell, price, 100, room, 0, 1, BARRED, layout.arrays, work, cells, signs)
        assert (n == 0 and min(costs) >= BARRED) or cost == min(costs)
        if n:
            assert dict(zip(cells[:n].tolist(), signs[:n].tolist(), strict=True)) in list(all_moves(axes, int(cell)))


def test_a_dimension_too_long_for_the_lists_is_refused(monkeypatch):
    monkeypatch.setattr(moves_module, "MOST_CHANGES", 100)
    with pytest.raises(InputError) as refusal:
        moves_of((Axis.flat(23),))
    assert refusal.value.slug == "axis-too-long"
