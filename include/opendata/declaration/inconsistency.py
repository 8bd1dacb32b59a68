"""What is found wrong between the fields of a declaration, and the two questions asked most: is it known, is it given twice."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Inconsistency:
    """Two fields that cannot both be right; ``field`` is the one to look at first."""

    field: FieldPath
    what: str
    allowed: str = ""
    suggestion: str = ""


def known(name: str, names: Iterable[str], at: FieldPath, kind: str) -> Iterator[Inconsistency]:
    """An inconsistency when ``name`` is none of ``names``, with the nearest of them."""
    names = list(names)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        yield Inconsistency(
            at, f"there is no {kind} called {name!r}", ", ".join(names) or "none", near[0] if near else ""
        )


def twice(names: list[str], at: FieldPath, kind: str) -> Iterator[Inconsistency]:
    """An inconsistency for each name that is given more than once."""
    for name, count in Counter(names).items():
        if count > 1:
            yield Inconsistency(at, f"the {kind} {name!r} is given {count} times")
