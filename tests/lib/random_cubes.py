"""Cell systems for tests: cross-tabulations with all or some of their margins, optionally a hierarchy on an axis."""

from __future__ import annotations

import itertools

import numpy as np

from include.opendata.disclosure.attack import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    SHOWN,
    PublishedView,
)
from include.opendata.disclosure.protect import CellSystem, Equation, primary
from tests.lib.rules import RULE

TOTAL = "Total"


def cube(counts, *, unpublished=(), groups=None, **more) -> CellSystem:
    """All cells and margins of ``counts``; ``groups`` maps an axis to {subtotal label: positions}.

    ``unpublished``: a function of the key, or a collection of keys, of cells that are in no table.
    """
    counts = np.asarray(counts)
    groups = groups or {}
    axes = []
    for axis, size in enumerate(counts.shape):
        leaves = [(f"v{i}",) for i in range(size)]
        trees = {(TOTAL,): [(name,) for name in groups.get(axis, {})] or leaves}
        for name, positions in groups.get(axis, {}).items():
            trees[(name,)] = [leaves[i] for i in positions]
        axes.append((leaves, trees))
    labels = [[*(leaf[0] for leaf in leaves), *(t[0] for t in trees)] for leaves, trees in axes]
    keys = list(itertools.product(*labels))
    index = {key: i for i, key in enumerate(keys)}
    parts = [_members(axis, counts.shape[axis], groups.get(axis, {})) for axis in range(counts.ndim)]
    values = np.array([counts[np.ix_(*(parts[a][label] for a, label in enumerate(key)))].sum() for key in keys])
    equations = []
    for key in keys:
        for axis, label in enumerate(key):
            kids = axes[axis][1].get((label,))
            if kids:
                inside = tuple(index[(*key[:axis], kid[0], *key[axis + 1 :])] for kid in kids)
                equations.append(Equation(index[key], inside))
    level = [sum(label not in {leaf[0] for leaf in axes[a][0]} for a, label in enumerate(key)) for key in keys]
    absent = unpublished if callable(unpublished) else (lambda key: key in set(unpublished))
    published = np.array([not absent(key) for key in keys])
    return CellSystem(values, published, tuple(equations), tuple(keys), level=np.array(level), **more)


def _members(axis, size, groups):
    named = {f"v{i}": [i] for i in range(size)}
    return {**named, **{name: list(at) for name, at in groups.items()}, TOTAL: list(range(size))}


def synthetic(shape, base, seed):
    """Log-normal areas, uneven groups, Poisson counts: many small cells."""
    rng = np.random.default_rng(seed)
    area = rng.lognormal(0, 1.5, shape[0])
    share = 0.6 ** np.arange(shape[1])
    share /= share.sum()
    mean = area[:, None] * rng.dirichlet(share * 60, shape[0])
    for k in shape[2:]:
        mean = mean[..., None] * rng.dirichlet(np.ones(k) * 12)
    mean = mean / mean.mean() * np.exp(base)
    return rng.poisson(mean * rng.lognormal(0, 0.2, shape))


def column(counts, *, total=True, **more) -> CellSystem:
    """One column of categories with a total (published or not), as the worked examples have it."""
    counts = list(counts)
    n = len(counts)
    return CellSystem(
        np.array([*counts, sum(counts)]),
        np.array([True] * n + [total]),
        (Equation(n, tuple(range(n))),),
        (*tuple((f"A{i + 1}",) for i in range(n)), ("Total",)),
        level=np.array([0] * n + [1]),
        **more,
    )


def as_published(system: CellSystem, hidden, *, annotation: str, small=None, rule=RULE, **more) -> PublishedView:
    """What the public would see if ``hidden`` (bool[n]) were blank; ``small`` are those that get code 1."""
    small = primary(system, RULE) if small is None else small
    code = np.where(small, CODE_SMALL, CODE_COMPLEMENTARY) if annotation == "separate" else np.full(system.size, BLANK)
    state = np.where(~system.published, ABSENT, np.where(hidden, code, SHOWN))
    return PublishedView(
        np.where(state == SHOWN, system.values, NOT_SHOWN),
        state,
        tuple((e.parent, e.children) for e in system.equations),
        system.keys,
        persons=system.persons is not None,
        rule=rule,
        **more,
    )
