"""Compares the source's columns with the declared ones. Names decide; the order in the file does not matter."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place

_SHOWN = 10


def check_columns(header: Sequence[str], source: Source, place: Place) -> None:
    """Raise InputError when a column is missing, is not declared, or a name stands there twice.

    A column that is declared as unused may be absent. ``place`` names dataset, file and line. When not one declared name
    is there, the first line is probably a record: then nothing of it is shown.
    """
    declared = [column.name for column in source.columns]
    known = {*declared, *source.unused_columns}
    refuse_spaced([name for name in header if name.strip() in known], place)
    if not known.intersection(header):
        raise InputError(
            "the first line has none of the declared columns",
            remedy="Check that the file has a header, and that `delimiter` and the columns' names are declared as they are.",
            slug="header-missing",
            place=place,
        )
    _refuse_repeated(header, place)
    difference = _Difference.between(declared, known, header)
    if difference.exists:
        raise difference.error(place)


def refuse_spaced(names: Sequence[str], place: Place) -> None:
    """Raise InputError when one of these names begins or ends with a space: a declaration's texts have none around them."""
    if spaced := [name for name in names if name != name.strip()]:
        raise InputError(
            f"{_columns(len(spaced))} in the header with spaces around the name: {_names(spaced)}",
            remedy="Ask the source's owner to write the names without spaces around them; nothing is cut off silently.",
            slug="header-spaced",
            place=place,
        )


def _refuse_repeated(header: Sequence[str], place: Place) -> None:
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise InputError(
            f"{_columns(len(repeated))} in the header more than once: {_names(repeated)}",
            remedy="Ask the source's owner to give each column a name of its own; which one is meant cannot be guessed.",
            slug="header-duplicate",
            place=place,
        )


@dataclass(frozen=True)
class _Difference:
    """Declared columns the source has not, columns that are not declared, and which of them look like one renamed."""

    missing: tuple[str, ...]
    undeclared: tuple[str, ...]
    renamed: dict[str, str]

    @classmethod
    def between(cls, declared: Sequence[str], known: set[str], header: Sequence[str]) -> _Difference:
        missing = [name for name in declared if name not in header]
        undeclared = [name for name in header if name not in known]
        return cls(tuple(missing), tuple(undeclared), _renamed(missing, undeclared))

    @property
    def exists(self) -> bool:
        return bool(self.missing or self.undeclared)

    def error(self, place: Place) -> InputError:
        slug, remedy = self._advice()
        counts = []
        if self.missing:
            counts.append(f"{_columns(len(self.missing))} missing")
        if self.undeclared:
            counts.append(f"{_columns(len(self.undeclared))} not declared")
        return InputError(
            "the columns are not the declared ones: " + ", ".join(counts),
            remedy=remedy,
            slug=slug,
            place=replace(place, column=(*self.missing, *self.undeclared)[0]),
            details=tuple(self._details()),
        )

    def _advice(self) -> tuple[str, str]:
        """(slug, remedy)."""
        if self.renamed:
            return "column-renamed", "Ask the source's owner; if it was renamed, rename it in the declaration."
        if self.missing:
            return (
                "column-missing",
                "Ask the source's owner for the missing columns, or take them out of the declaration.",
            )
        return (
            "column-undeclared",
            "Declare the new columns, or list them under `unused_columns`; unknown columns are never taken along.",
        )

    def _details(self) -> list[str]:
        details = [f"{new!r} is new and {old!r} is missing: was it renamed?" for old, new in self.renamed.items()]
        if only_missing := [name for name in self.missing if name not in self.renamed]:
            details.append(f"missing: {_names(only_missing)}")
        if only_undeclared := [name for name in self.undeclared if name not in self.renamed.values()]:
            details.append(f"not declared: {_names(only_undeclared)}")
        return details


def _renamed(missing: Sequence[str], undeclared: Sequence[str]) -> dict[str, str]:
    """Declared name → the new column it looks like."""
    pairs: dict[str, str] = {}
    plain = {name.strip().casefold(): name for name in undeclared}
    for name in missing:
        free = [key for key, new in plain.items() if new not in pairs.values()]
        if similar := difflib.get_close_matches(name.strip().casefold(), free, n=1, cutoff=0.6):
            pairs[name] = plain[similar[0]]
    return pairs


def _columns(count: int) -> str:
    return "one column" if count == 1 else f"{count} columns"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
