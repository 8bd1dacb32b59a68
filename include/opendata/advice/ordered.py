"""Categories that stand in an order (ages, years, periods), and how neighbours are put together.

Of all ways to make so many groups of neighbours, the one whose narrowest group is widest is taken: the narrowest group
decides the score (DDG 2.0 §4.3.1).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

OLDEST = 120
"""Where an open group ends when its width is compared."""
MOST_WAYS = 20_000
OPEN_FROM = 85
"""Single ages: the last group starts here at the latest and is open, so that ages over 89 are one group."""


@dataclass(frozen=True)
class Span:
    """A category from ``first`` to ``last`` (None: and over), its label, and the source's values it gathers."""

    first: int
    last: int | None
    label: str
    values: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many years it holds; an open one is taken to end at the oldest age."""
        return (self.last if self.last is not None else max(OLDEST, self.first)) - self.first + 1


def joined(spans: Sequence[Span], groups: int) -> list[Span]:
    """``spans`` as ``groups`` groups of neighbours; empty where a group would have to bridge a gap or too few are there."""
    count = len(spans)
    if not 1 <= groups < count or any(a.last is None or b.first != a.last + 1 for a, b in itertools.pairwise(spans)):
        return []
    if comb(count - 1, groups - 1) > MOST_WAYS:
        cuts: tuple[int, ...] = tuple(count * k // groups for k in range(1, groups))
    else:
        cuts = min(itertools.combinations(range(1, count), groups - 1), key=lambda c: _preference(spans, c))
    return [_one(spans[a:b]) for a, b in itertools.pairwise((0, *cuts, count))]


def periods_of_years(years: Sequence[int], width: int) -> list[Span]:
    """Periods of ``width`` years from the first year to the last; years left over make the last period longer.

    Empty where there are fewer years.
    """
    first, last = min(years), max(years)
    count = (last - first + 1) // width
    if count == 0:
        return []
    starts = [first + k * width for k in range(count)]
    ends = [start - 1 for start in starts[1:]] + [last]
    return [
        Span(a, b, f"{a}–{b}", tuple(str(y) for y in sorted(set(years)) if a <= y <= b))
        for a, b in zip(starts, ends, strict=True)
    ]


def bands_of_ages(ages: Sequence[int], width: int) -> list[Span]:
    """Groups of ``width`` single ages on round numbers; the old ages are one open group."""
    first, last = min(ages) // width * width, max(ages)
    starts = [start for start in range(first, last + 1, width) if start <= OPEN_FROM]
    bands = [_band(ages, start, start + width - 1) for start in starts]
    if bands and last >= OPEN_FROM:
        bands[-1] = _band(ages, starts[-1], None)
    return bands


def _band(ages: Sequence[int], first: int, last: int | None) -> Span:
    values = tuple(str(age) for age in sorted(set(ages)) if first <= age and (last is None or age <= last))
    return Span(first, last, f"{first}+" if last is None else f"{first}–{last}", values)


def _preference(spans: Sequence[Span], cuts: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
    widths = [sum(s.width for s in spans[a:b]) for a, b in itertools.pairwise((0, *cuts, len(spans)))]
    return -min(widths), max(widths), cuts


def _one(spans: Sequence[Span]) -> Span:
    if len(spans) == 1:
        return spans[0]
    first, last = spans[0], spans[-1]
    return Span(first.first, last.last, _label(first, last), tuple(v for span in spans for v in span.values))


def _label(first: Span, last: Span) -> str:
    """The label of a joined category, written as its parts are: “18–25” and “26–34” make “18–34”, “75+” stays a “+”."""
    if last.last is None:
        if str(last.first) in last.label:
            return last.label.replace(str(last.first), str(first.first), 1)
        return f"{first.first} and over"
    written = re.fullmatch(rf"(\D*){first.first}(\D+){first.last}(\D*)", first.label)
    if written:
        return f"{written[1]}{first.first}{written[2]}{last.last}{written[3]}"
    return f"{first.first}–{last.last}"
