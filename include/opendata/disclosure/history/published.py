"""A data table as it was published, kept so that later releases can be attacked together with it.

Holds the published file to the letter, how the table is built (its dimensions and measures, which the data dictionary
tells anyway) and which raw values its categories stand for. Nothing that was not published can get in: the figures are
read back from the file's text. Atoms are left out, for they are numbered again in every run.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypedDict

import pandas as pd

from include.opendata.disclosure.history.extents import KeptTableExtents, TableExtents
from include.opendata.errors import StorageError
from include.opendata.rules.release import thresholds
from include.opendata.storage.published_csv import NotAsPublished, column_kinds, typed_frame
from include.opendata.storage.structures import structure_from_json, structure_to_json
from include.opendata.vocabulary import Annotation, Structure, columns_of


@dataclass(frozen=True)
class PublishedLimits:
    """The numbers a table was published by: its codes and blanks speak of these, whatever the rule book says later.

    ``annotated_below``: counts below are the ones code 1 calls small · ``width``: how far apart the values of a hidden count
    were kept · ``total_at_least``: the least total of a table of whole percentages.
    """

    annotated_below: int
    width: int
    total_at_least: int

    @classmethod
    def of_today(cls, annotated_below: int) -> PublishedLimits:
        """Those of the rule book in force; ``annotated_below`` is the table's own, for a declaration may raise it."""
        numbers = thresholds()
        return cls(annotated_below, numbers.small_cell.width, numbers.percentages_only.total_at_least)


class KeptLimits(TypedDict):
    """:class:`PublishedLimits` as JSON."""

    annotated_below: int
    width: int
    total_at_least: int


class TableDescription(TypedDict):
    """A published table without its figures, as JSON."""

    structure: dict[str, object]
    extents: KeptTableExtents
    annotation: Annotation
    limits: KeptLimits


@dataclass(frozen=True)
class PublishedTable:
    """``text`` is the published CSV file; ``structure`` has no atoms. ``limits``: the numbers it was published by."""

    structure: Structure
    extents: TableExtents
    annotation: Annotation
    text: str
    limits: PublishedLimits

    @property
    def table(self) -> str:
        """The table's name."""
        return self.structure.table

    def described(self) -> TableDescription:
        """Everything but the figures, as JSON."""
        return described(self.structure, self.extents, self.annotation, self.limits)

    def to_bytes(self) -> bytes:
        """Compressed; the same table always gives the same bytes."""
        kept = json.dumps({**self.described(), "text": self.text}, ensure_ascii=False, sort_keys=True)
        return zlib.compress(kept.encode(), 9)

    @classmethod
    def from_bytes(cls, stored: bytes) -> PublishedTable:
        """Raises StorageError when the bytes are not a published table."""
        try:
            kept = json.loads(zlib.decompress(stored))
            return cls.from_description(kept, kept["text"])
        except (zlib.error, ValueError, KeyError, TypeError):
            raise StorageError(
                "what was kept of an earlier release cannot be read",
                remedy="Restore the ledger from a backup; without it a new release cannot be attacked together with old ones.",
                slug="history-unreadable",
            ) from None

    @classmethod
    def from_description(cls, description: TableDescription, text: str) -> PublishedTable:
        """From what :func:`described` gave, and the published file."""
        return cls(
            without_atoms(structure_from_json(description["structure"])),
            TableExtents.from_json(description["extents"]),
            description["annotation"],
            text,
            PublishedLimits(**description["limits"]),
        )

    @classmethod
    def about_to_be(
        cls,
        structure: Structure,
        extents: TableExtents,
        annotation: Annotation,
        frame: pd.DataFrame,
        limits: PublishedLimits,
    ) -> PublishedTable:
        """A table whose file is not written yet; ``frame`` is what it will hold."""
        table = cls(without_atoms(structure), extents, annotation, "", limits)
        table.__dict__["frame"] = frame
        return table

    def with_extents(self, extents: TableExtents, structure: Structure | None = None) -> PublishedTable:
        """The same figures, their categories told in other words."""
        table = replace(self, extents=extents, structure=structure or self.structure)
        if "frame" in self.__dict__:  # of a table about to be there is no text to read it from
            table.__dict__["frame"] = self.frame
        return table

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The figures, typed as a protected table's frame is. Raises StorageError when the file's columns are others."""
        return read_published(self.text, self.structure)


@dataclass(frozen=True)
class PublishedRelease:
    """All tables of one release."""

    release: str
    tables: tuple[PublishedTable, ...]

    @property
    def hides(self) -> bool:
        """Whether some count is blank."""
        return any(
            bool(table.frame[measure.name].isna().any())
            for table in self.tables
            for measure in table.structure.measures
            if measure.role == "count"
        )

    @property
    def tied(self) -> frozenset[frozenset[str]]:
        """The columns of each axis on which it has several."""
        return frozenset(frozenset(columns_of(axis)) for table in self.tables for axis in table.extents.tied)


def described(
    structure: Structure, extents: TableExtents, annotation: Annotation, limits: PublishedLimits
) -> TableDescription:
    """Everything but the figures of a table, as JSON; with its atoms where ``structure`` has them."""
    return {
        "structure": structure_to_json(structure),
        "extents": extents.to_json(),
        "annotation": annotation,
        "limits": {
            "annotated_below": limits.annotated_below,
            "width": limits.width,
            "total_at_least": limits.total_at_least,
        },
    }


def read_published(text: str, structure: Structure) -> pd.DataFrame:
    """A published CSV file as a frame: labels, codes and annotations as text, figures as Int64 or Float64.

    Raises StorageError when it does not have the columns of ``structure`` or a figure is not a number.
    """
    try:
        return typed_frame(text, column_kinds(structure))
    except NotAsPublished:
        raise _not_as_described(structure.table) from None


def without_atoms(structure: Structure) -> Structure:
    """The same structure without the numbers of one run."""
    dimensions = tuple(replace(d, atoms={}, tied=()) for d in structure.dimensions)
    return replace(structure, dimensions=dimensions, filter_atoms={})


def _not_as_described(table: str) -> StorageError:
    return StorageError(
        f"the published file of {table} does not hold what was noted of it when it was published",
        remedy="Compare the file with its manifest (`bin/opendata show`); restore it from a backup if it was changed.",
        slug="published-file-differs",
    )
