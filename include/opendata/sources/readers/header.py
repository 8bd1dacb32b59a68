"""Compares the source's columns with the declared ones. Names decide; the order in the file does not matter."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, Place

_SHOWN = 10


def check_columns(found: Sequence[str], source: Source, place: Place) -> None:
    """Raise InputError when a column is missing, nobody knows it, or a name stands there twice.

    A column that is declared as unused may be absent. ``place`` names dataset, file and line. When not one declared name
    is there, the first line is probably a record: then nothing of it is shown.
    """
    declared = [column.name for column in source.columns]
    known = {*declared, *source.unused_columns}
    refuse_spaced([name for name in found if name.strip() in known], place)
    if not known.intersection(found):
        raise InputError(
            "the first line has none of the declared columns",
            remedy="Check that the file has a header, and that `delimiter` and the columns' names are declared as they are.",
            slug="header-missing",
            place=place,
        )
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise InputError(
            f"{_columns(len(twice))} in the header more than once: {_names(twice)}",
            remedy="Ask the source's owner to give each column a name of its own; which one is meant cannot be guessed.",
            slug="header-duplicate",
            place=place,
        )
    missing = [name for name in declared if name not in found]
    extra = [name for name in found if name not in known]
    if missing or extra:
        raise _differs(missing, extra, place)


def refuse_spaced(names: Sequence[str], place: Place) -> None:
    """Raise InputError when one of these names begins or ends with a space: a declaration's texts have none around them."""
    if spaced := [name for name in names if name != name.strip()]:
        raise InputError(
            f"{_columns(len(spaced))} in the header with spaces around the name: {_names(spaced)}",
            remedy="Ask the source's owner to write the names without spaces around them; nothing is cut off silently.",
            slug="header-spaced",
            place=place,
        )


def _differs(missing: list[str], extra: list[str], place: Place) -> InputError:
    renamed = _renamed(missing, extra)
    details = [f"{new!r} is new and {old!r} is missing: was it renamed?" for old, new in renamed.items()]
    only_missing = [name for name in missing if name not in renamed]
    only_extra = [name for name in extra if name not in renamed.values()]
    if only_missing:
        details.append(f"missing: {_names(only_missing)}")
    if only_extra:
        details.append(f"not declared: {_names(only_extra)}")
    if renamed:
        slug, remedy = "column-renamed", "Ask the source's owner; if it was renamed, rename it in the declaration."
    elif missing:
        slug, remedy = (
            "column-missing",
            "Ask the source's owner for the missing columns, or take them out of the declaration.",
        )
    else:
        slug = "column-undeclared"
        remedy = "Declare the new columns, or list them under `unused_columns`; unknown columns are never taken along."
    counts = [f"{_columns(len(missing))} missing"] * bool(missing) + [f"{_columns(len(extra))} not declared"] * bool(
        extra
    )
    return InputError(
        "the columns are not the declared ones: " + ", ".join(counts),
        remedy=remedy,
        slug=slug,
        place=Place(place.dataset, place.table, (missing or extra)[0], place.file, place.line),
        details=tuple(details),
    )


def _renamed(missing: list[str], extra: list[str]) -> dict[str, str]:
    """Declared name → the new column it looks like."""
    pairs: dict[str, str] = {}
    plain = {name.strip().casefold(): name for name in extra}
    for name in missing:
        free = [key for key, new in plain.items() if new not in pairs.values()]
        near = difflib.get_close_matches(name.strip().casefold(), free, n=1, cutoff=0.6)
        if near:
            pairs[name] = plain[near[0]]
    return pairs


def _columns(count: int) -> str:
    return "one column" if count == 1 else f"{count} columns"


def _names(names: list[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
