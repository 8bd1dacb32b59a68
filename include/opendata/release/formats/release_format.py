"""What every module of a format offers: its facts, how a file of it is written, and what it cannot hold.

A new format is a module here with a ``FORMAT``, an entry in ``rules.formats``, its name in ``declaration.choices`` and a line
in ``registry``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from include.opendata.release.formats.tabular import TabularFile
from include.opendata.rules.formats import FileFormat

Write = Callable[[Path, TabularFile], None]
"""Writes the table to a path, the same bytes for the same table. Raises Refused for what the format cannot hold."""


@dataclass(frozen=True)
class Schema:
    """A description of a format's files for programs, which lies beside the table's data dictionary."""

    format: FileFormat
    write: Write


@dataclass(frozen=True)
class ReleaseFormat:
    """A format that is made of the table's CSV file. ``most_rows``: that fit into a file; None where any number does."""

    facts: FileFormat
    write: Write
    most_rows: int | None = None
    schema: Schema | None = None
