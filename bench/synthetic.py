"""Synthetic tables of small counts, for measurements that anyone can repeat.

Counts by area and group: log-normal area sizes, uneven groups, Poisson counts about a mean cell of exp(base). The same
seed gives the same table.

t3 = 58×8×2, t4 = 58×8×2×6, t5 = 58×8×2×6×5 categories, every dimension with its total. t4h = t4 with six regions over the
areas and two groups over the fourth dimension. ``many``: tables of 500 cells (9×9×4 categories with totals).
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.table import Axis, CubeTable, close
from include.opendata.rules.release import thresholds

RULE = thresholds().small_cell
SHAPES = {"t3": ((58, 8, 2), 3.2), "t4": ((58, 8, 2, 6), 4.2), "t5": ((58, 8, 2, 6, 5), 5.2)}
SMALL_SHAPE, SMALL_BASE = (9, 9, 4), 3.0
GROUP_SHARES = np.array([0.37, 0.35, 0.15, 0.055, 0.035, 0.012, 0.006, 0.004])
REGIONS, AGE_GROUPS = 6, 2
TABLES = ("t3", "t4", "t5", "t4h")


def counts(shape: tuple[int, ...], base: float, seed: int) -> np.ndarray:
    """int64, of ``shape``: counts of the categories, without totals."""
    rng = np.random.default_rng(seed)
    area = rng.lognormal(0, 1.5, shape[0])
    share = GROUP_SHARES[: shape[1]] if shape[1] <= len(GROUP_SHARES) else np.ones(shape[1])
    mean = area[:, None] * rng.dirichlet(share / share.sum() * 60, shape[0])
    for categories in shape[2:]:
        mean = mean[..., None] * rng.dirichlet(np.ones(categories) * 12)
    mean = mean / mean.mean() * np.exp(base)
    drawn: np.ndarray = rng.poisson(mean * rng.lognormal(0, 0.2, shape)).astype(np.int64)
    return drawn


def grouped(leaves: int, groups: int) -> Axis:
    """``leaves`` categories in ``groups`` runs of neighbours, then the groups, then the total."""
    group = np.arange(leaves) * groups // leaves
    parent = np.concatenate([leaves + group, np.full(groups, leaves + groups), [-1]])
    return Axis(parent)


def cube_of(leaves: np.ndarray, axes: tuple[Axis, ...] | None = None) -> CubeTable:
    """A cube from the counts of its categories alone; flat axes unless others are given."""
    axes = axes or tuple(Axis.flat(n) for n in leaves.shape)
    return CubeTable(close(leaves, axes), axes)


def table(name: str, seed: int) -> CubeTable:
    """``name``: one of ``TABLES``."""
    shape, base = SHAPES[name.removesuffix("h")]
    axes = tuple(Axis.flat(n) for n in shape)
    if name.endswith("h"):
        axes = (grouped(shape[0], REGIONS), *axes[1:3], grouped(shape[3], AGE_GROUPS), *axes[4:])
    return cube_of(counts(shape, base, seed), axes)


def many(seed: int, tables: int = 500) -> list[CubeTable]:
    """``tables`` cubes of 500 cells."""
    return [cube_of(counts(SMALL_SHAPE, SMALL_BASE, seed * 100_000 + i)) for i in range(tables)]
