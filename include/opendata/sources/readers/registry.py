"""The formats a source can have. To add one: a module that keeps to ``protocol``, a line here, its name in ``SourceFormat``."""

from __future__ import annotations

from include.opendata.declaration.choices import SourceFormat
from include.opendata.errors import InputError, Place
from include.opendata.sources.readers import delimited, parquet
from include.opendata.sources.readers.no_tables import what_it_looks_like
from include.opendata.sources.readers.protocol import NotATable, OpenSource, RawFile, SourceReader

# Delimited text comes last: it has no mark of its own and takes every text.
_IN_ORDER: tuple[SourceReader, ...] = (parquet.READER, delimited.READER)

READERS: dict[SourceFormat, SourceReader] = {reader.format: reader for reader in _IN_ORDER}
"""Format → its reader; the same formats a declaration can name."""

ENDINGS = tuple(ending for reader in _IN_ORDER for ending in reader.endings)
"""The endings of all formats' file names."""


def explore(raw: RawFile) -> tuple[SourceFormat, OpenSource]:
    """The format of an undeclared source, and the source opened.

    Raises InputError ``source-not-a-table`` for what no reader takes, and what the reader raises.
    """
    head = raw.head()
    reader = next((reader for reader in _IN_ORDER if reader.recognises(head)), None)
    if reader is None:
        kind = what_it_looks_like(head)
        raise _not_a_table(f"this looks like {kind}" if kind else "this is not text", raw.place)
    try:
        return reader.format, reader.explore(raw)
    except NotATable as refusal:
        raise _not_a_table(str(refusal), raw.place) from None


def _not_a_table(what: str, place: Place) -> InputError:
    labels = " or ".join(reader.label for reader in reversed(_IN_ORDER))
    return InputError(
        f"{what}, not a table this pipeline reads", remedy=f"Give {labels}.", slug="source-not-a-table", place=place
    )
