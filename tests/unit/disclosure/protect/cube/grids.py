"""Cubes for the tests of the fast path, each also as the general engine and the attacker see it."""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube import Axis, CubeTable
from include.opendata.disclosure.protect.cube.table import close
from tests.lib import random_cubes as cubes


def axis(leaves: int, groups: list[list[int]] | None = None) -> Axis:
    """Leaves first, then the total, then the groups; without groups flat."""
    if not groups:
        return Axis.flat(leaves)
    parent = [leaves] * leaves + [-1] + [leaves] * len(groups)
    for g, members in enumerate(groups):
        for leaf in members:
            parent[leaf] = leaves + 1 + g
    return Axis(np.array(parent))


def cube(counts, groups: dict[int, list[list[int]]] | None = None, unpublished=None) -> CubeTable:
    """``groups``: per axis the leaves of each group; ``unpublished``: bool function of node numbers."""
    counts = np.asarray(counts)
    axes = tuple(axis(n, (groups or {}).get(a)) for a, n in enumerate(counts.shape))
    if unpublished is None:
        return CubeTable(close(counts, axes), axes)
    shape = tuple(a.nodes for a in axes)
    published = np.array([not unpublished(place) for place in np.ndindex(*shape)]).reshape(shape)
    return CubeTable(close(counts, axes), axes, published=published)


def system(counts, groups: dict[int, list[list[int]]] | None = None, unpublished=None):
    """The same table for the general engine; its cells are in the same order."""
    counts = np.asarray(counts)
    named = {a: {f"g{i}": g for i, g in enumerate(of_axis)} for a, of_axis in (groups or {}).items()}
    twin = cube(counts, groups, unpublished)
    keys = cubes.cube(counts, groups=named).keys
    published = twin.is_published().reshape(-1)
    absent = {key for key, shown in zip(keys, published, strict=True) if not shown}
    made = cubes.cube(counts, groups=named, unpublished=absent)
    assert np.array_equal(made.values, twin.values.reshape(-1))
    return made


def public(counts, codes, annotation, groups=None, unpublished=None):
    """What the attacker's room is shown."""
    flat = codes.reshape(-1)
    return cubes.as_published(system(counts, groups, unpublished), flat != 0, annotation=annotation, small=flat == 1)
