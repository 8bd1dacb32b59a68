"""The categories of a table's column as a tree: categories, the groups a hierarchy puts them into, the total over all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from include.opendata.errors import DeclarationError, Place

UNPUBLISHED = ""
"""The label of a total that no row stands for."""


@dataclass(frozen=True)
class Dimension:
    """``column`` · ``nodes``: labels, parts before the groups they go into, the total last ("" if it is not published) ·
    ``parent`` int64[nodes], -1 for the total."""

    column: str
    nodes: tuple[str, ...]
    parent: np.ndarray

    @property
    def sums(self) -> list[int]:
        """The nodes that are made up of others: groups and the total, ascending."""
        return sorted(set(self.parent.tolist()) - {-1})

    def parts(self, node: int) -> np.ndarray:
        """int64: the nodes that ``node`` is the sum of."""
        return np.flatnonzero(self.parent == node)

    def atoms(self) -> list[tuple[int, ...]]:
        """Per node the categories (leaves) it holds."""
        leaves_of: list[list[int]] = [[] for _ in self.nodes]
        for leaf in sorted(set(range(len(self.nodes))) - set(self.sums)):
            node = leaf
            while node >= 0:
                leaves_of[node].append(leaf)
                node = int(self.parent[node])
        return [tuple(leaves) for leaves in leaves_of]


def dimension_of(
    column: str, labels: Sequence[str], total: str | None, above: Mapping[str, str], file: str
) -> Dimension:
    """The tree of a column. ``labels``: those of the table, without the total's · ``total``: the label of the total rows ·
    ``above``: label → the group it goes into, as a hierarchy says; groups that the table has no row for are left out.

    Raises DeclarationError (``bad-dimension``) where a hierarchy leads in a circle.
    """
    parents = {label: _next_known(label, labels, total, above, column, file) for label in labels}
    ordered = _parts_first(labels, parents)
    tops = [label for label in ordered if parents[label] is None]
    if total is None and len(tops) == 1:  # one category, or one group over all: it is its own total
        total = tops[0]
        ordered.remove(total)
    number = {label: i for i, label in enumerate(ordered)}
    root = len(ordered)
    parent = [number.get(parents[label] or UNPUBLISHED, root) for label in ordered]
    return Dimension(column, (*ordered, total or UNPUBLISHED), np.array([*parent, -1], dtype=np.int64))


def _parts_first(labels: Sequence[str], parents: Mapping[str, str | None]) -> list[str]:
    """Categories as they stand in the table, then groups, those that are parts of other groups first."""
    groups = {group for group in parents.values() if group is not None}
    deepest_first = sorted(groups, key=lambda group: (-_depth(group, parents), labels.index(group)))
    return [label for label in labels if label not in groups] + deepest_first


def _next_known(
    label: str, labels: Sequence[str], total: str | None, above: Mapping[str, str], column: str, file: str
) -> str | None:
    """The nearest group over ``label`` that the table has rows for; None where that is the total."""
    known, groups = set(labels), list(_groups_over(label, above, column, file))
    below_total = groups[: groups.index(total)] if total in groups else groups
    return next((group for group in below_total if group in known), None)


def _groups_over(label: str, above: Mapping[str, str], column: str, file: str) -> Iterator[str]:
    """The groups a label is in, the smallest first."""
    seen = {label}
    while label in above:
        label = above[label]
        if label in seen:
            raise DeclarationError(
                "a hierarchy leads in a circle",
                remedy="Give every child one parent.",
                slug="bad-dimension",
                place=Place(file=file, column=column),
            )
        seen.add(label)
        yield label


def _depth(label: str, parents: Mapping[str, str | None]) -> int:
    depth, group = 0, parents[label]
    while group is not None:
        depth, group = depth + 1, parents[group]
    return depth
