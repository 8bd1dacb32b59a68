"""Whether two datasets count the same, told by figures that are equal where their labels are.

Two populations of the same size have equal counts by accident about once in 2·sqrt(π·n) times, so a single count of 11
says little and one of 12,000 a good deal. Compared are counts that are not small; the same number in several cells, as a
total of one category has it, counts once.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from include.opendata.disclosure.agency.public import counts_of
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable

CERTAIN = 1e-6
"""Below this probability, and with so many equal figures, no one takes it for an accident."""
CERTAIN_FROM = 5

POSSIBLE = 1e-2
"""Below this probability someone has to say."""

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """``compared``: different pairs of figures under the same labels · ``equal``: those that are the same · ``chance``: at
    most how probable so many are between populations that have nothing to do with each other · ``measures``: the counts that
    are the same, (name in the first, name in the second)."""

    compared: int = 0
    equal: int = 0
    chance: float = 1.0
    measures: tuple[tuple[str, str], ...] = ()

    @property
    def certain(self) -> bool:
        """Whether both count the same records."""
        return self.chance < CERTAIN and self.equal >= CERTAIN_FROM

    @property
    def possible(self) -> bool:
        """Whether both may count the same records."""
        return self.chance < POSSIBLE


def compare(first: PublishedRelease, second: PublishedRelease, *, from_: int) -> Comparison:
    """The figures of two releases, of ``from_`` and more, under the same labels; the pair of counts that tells most."""
    pairs = [
        (a.name, b.name, *_equal(figures_of(t, a.name, from_), figures_of(u, b.name, from_)))
        for t, u in itertools.product(first.tables, second.tables)
        for a, b in itertools.product(counts_of(t), counts_of(u))
    ]
    if not pairs:
        return Comparison()
    corrected = [(name, other, n, equal, min(1.0, chance * len(pairs))) for name, other, n, equal, chance in pairs]
    same = {(name, other) for name, other, _, _, chance in corrected if chance < POSSIBLE}
    _, _, compared, equal, chance = min(corrected, key=lambda pair: (pair[4], -pair[3]))
    return Comparison(compared, equal, chance, tuple(sorted(same)))


def figures_of(table: PublishedTable, measure: str, from_: int) -> dict[Labels, int]:
    """Labels, totals left out, → count of a cell; of counts from ``from_`` on."""
    keys = _labels_of_rows(table)
    twice = {key for key, times in Counter(keys).items() if times > 1}
    figures = table.frame[measure].fillna(0).astype("int64").tolist()
    return {key: value for key, value in zip(keys, figures, strict=True) if key not in twice and value >= max(from_, 1)}


def _labels_of_rows(table: PublishedTable) -> list[Labels]:
    """The labels of every row, totals left out."""
    dimensions = table.structure.dimensions
    labels = [[plain(label) if label != d.total else "" for label in table.frame[d.name].tolist()] for d in dimensions]
    return [tuple(sorted(filter(None, row))) for row in zip(*labels, strict=True)] or [()] * len(table.frame)


def plain(label: str) -> str:
    """A label without what is only its spelling: case, spaces, punctuation, the word County."""
    letters = unicodedata.normalize("NFKD", str(label)).casefold()
    return re.sub(r"[^\w<>+≥≤]|_|\bcounty\b", "", letters)


def _equal(first: dict[Labels, int], second: dict[Labels, int]) -> tuple[int, int, float]:
    """(compared, different numbers that are equal, at most the probability of so many by chance)."""
    common = sorted({(first[key], second[key]) for key in first.keys() & second.keys()})
    equal = sum(a == b for a, b in common)
    if not equal:
        return len(common), 0, 1.0
    expected = sum(min(1.0, 1 / (2 * math.sqrt(math.pi * min(pair)))) for pair in common)
    if equal <= expected:
        return len(common), equal, 1.0
    # the upper tail of a sum of independent events (Chernoff)
    return len(common), equal, math.exp(equal - expected + equal * math.log(expected / equal))
