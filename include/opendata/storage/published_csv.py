"""Reads a published CSV file: the one reader of what ``release`` writes, for whoever compares, checks or shows it.

A published file is UTF-8 with a header; an empty cell is a missing value. Every reader here is given the file's own bytes,
text or path, and says :class:`NotAsPublished` when the file is not of that shape; whoever asked says what that means. How a
cell is typed stands here alone: text as it is, a whole number as int, another number as float.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from include.opendata.vocabulary import Structure

ColumnKind = Literal["text", "integer", "number"]
Value = str | int | float | None

PIECE = 20_000
"""Rows of a file that are in memory at once where it is read in pieces."""

_PARSERS: dict[ColumnKind, Callable[[str], Value]] = {"text": str, "integer": int, "number": float}
_DTYPES: dict[ColumnKind, str] = {"integer": "Int64", "number": "Float64"}


class NotAsPublished(ValueError):
    """The file is not a CSV file with the columns that were asked for, or a figure in it is not a number."""


def column_kinds(structure: Structure) -> dict[str, ColumnKind]:
    """The columns of a table's published file, in its order, and how their cells are read; annotations are text."""
    kinds: dict[str, ColumnKind] = {m.name: "number" if m.decimals else "integer" for m in structure.measures}
    kinds |= {attribute.name: attribute.kind for attribute in structure.attributes}
    return {name: kinds.get(name, "text") for name in structure.published_columns()}


@dataclass(frozen=True)
class CsvTexts:
    """A file to the letter. ``rows``: one list of texts per row, each as long as ``columns``."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def records(self) -> Iterator[dict[str, str]]:
        """Column → text, row by row."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


def read_texts(content: bytes | str) -> CsvTexts:
    """A whole file as texts. Raises NotAsPublished when it has no header or a row has more or fewer cells."""
    text = content if isinstance(content, str) else content.decode()
    header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    if not header or any(len(row) != len(header) for row in rows):
        raise NotAsPublished("not a table with a header")
    return CsvTexts(tuple(header), rows)


@contextmanager
def open_rows(path: Path) -> Iterator[tuple[tuple[str, ...], Iterator[list[str]]]]:
    """(columns, rows as texts) of a file that may be larger than memory. Raises NotAsPublished when it is empty."""
    with path.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream)
        header = next(lines, None)
        if header is None:
            raise NotAsPublished("the file is empty")
        yield tuple(header), lines


def count_rows(path: Path) -> int:
    """How many rows a file has, its header not counted; 0 for an empty file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return max(sum(1 for _ in csv.reader(stream)) - 1, 0)


def typed_pieces(path: Path, kinds: Mapping[str, ColumnKind]) -> Iterator[list[tuple[Value, ...]]]:
    """Pieces of at most :data:`PIECE` rows: text, int, float, or None for an empty cell.

    ``kinds``: the columns the file must have, in its order. Raises NotAsPublished when it has others.
    """
    parsers = [_PARSERS[kind] for kind in kinds.values()]
    with open_rows(path) as (columns, rows):
        if columns != tuple(kinds):
            raise NotAsPublished("the CSV file has not the published columns")
        while piece := list(islice(rows, PIECE)):
            yield [
                tuple([None if text == "" else parse(text) for parse, text in zip(parsers, row, strict=True)])
                for row in piece
            ]


def typed_frame(content: bytes | str, kinds: Mapping[str, ColumnKind]) -> pd.DataFrame:
    """A whole file as a frame: text as string (an empty cell stays an empty text), figures as Int64 or Float64.

    ``kinds``: the columns the file must have, in its order. Raises NotAsPublished.
    """
    texts = read_texts(content)
    if texts.columns != tuple(kinds):
        raise NotAsPublished("the CSV file has not the published columns")
    return pd.DataFrame(
        {name: _series([row[at] for row in texts.rows], kind) for at, (name, kind) in enumerate(kinds.items())}
    )


def text_frame(content: bytes) -> pd.DataFrame:
    """A whole file as a frame in which every cell is a text; pandas's own parser, for it is the fastest for large files."""
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8")


def parse_figure(text: str) -> int | float | None:
    """A published figure whose column's kind is not known; None where it is blank."""
    if text == "":
        return None
    return float(text) if "." in text or "e" in text.lower() else int(text)


def _series(texts: list[str], kind: ColumnKind) -> Any:
    if kind == "text":
        return pd.array(texts, dtype="string")
    parse = _PARSERS[kind]
    try:
        return pd.array([pd.NA if text == "" else parse(text) for text in texts], dtype=_DTYPES[kind])  # type: ignore[call-overload]
    except ValueError:
        raise NotAsPublished("a figure is not a number") from None
