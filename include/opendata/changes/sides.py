"""One table of one release, as the public has it: the side of a comparison.

Reads the published file to the letter, every cell a text, and what the release says of its columns. There is no other way
in: nothing that was not published can reach a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.opendata.declaration import tables as t
from include.opendata.errors import StorageError
from include.opendata.storage.published_csv import text_frame
from include.opendata.vocabulary import ANNOTATION_SUFFIX

_APART = "\x1f"
"""Joins the labels of a key; no label holds it, for it is a control character."""


Mask = npt.NDArray[np.bool_]
"""bool[rows]: which rows of a side are meant."""


@dataclass(frozen=True)
class TableFacts:
    """What a declaration says of a table that its file does not: ``totals``: dimension → the label of its total ·
    ``measures``: measure → whether its parts add up."""

    totals: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def declared(cls, table: t.Table) -> TableFacts:
        """Of a declared table."""
        adds_up = {m.name: isinstance(m, t.CountMeasure | t.SumMeasure) for m in table.published_measures}
        return cls({d.name: d.total for d in table.dimensions if d.total is not None}, adds_up)


@dataclass(frozen=True, eq=False)
class Side:
    """``types``: column → string, integer or number, in the order of the file · ``key``: the columns that name a row ·
    ``rows``: the file, every cell a text."""

    table: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    rows: pd.DataFrame

    @classmethod
    def of(cls, table: str, content: bytes, types: Mapping[str, str], key: Sequence[str]) -> Side:
        """From a published file. Raises StorageError when it has other columns than its release says."""
        rows = text_frame(content)
        if list(rows.columns) != list(types) or not set(key) <= set(types):
            raise StorageError(
                f"the published file of {table} does not have the columns its release describes",
                remedy="`bin/opendata verify` shows whether staging is as it was published; restore it from a backup.",
                slug="published-file-differs",
            )
        return cls(table, dict(types), tuple(key), rows)

    @classmethod
    def from_package(cls, table: str, content: bytes, package: Mapping[str, Any]) -> Side:
        """From a published file and the ``datapackage.json`` of its release."""
        schemas = [r["schema"] for r in package.get("resources", ()) if r.get("name") == table and "schema" in r]
        if not schemas:
            raise StorageError(
                f"the release does not describe its table {table}",
                remedy="`bin/opendata verify` shows whether staging is as it was published; restore it from a backup.",
                slug="published-file-differs",
            )
        schema = schemas[0]
        types = {field["name"]: field["type"] for field in schema["fields"]}
        return cls.of(table, content, types, schema["primaryKey"])

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def keys(self) -> pd.Index:
        """What names each row."""
        joined = self.rows[self.key[0]]
        for name in self.key[1:]:
            joined = joined + _APART + self.rows[name]
        keys: pd.Index = pd.Index(joined)
        return keys

    def figures(self, measure: str) -> npt.NDArray[np.float64]:
        """float64[rows]: the values of a measure, NaN where the file is blank."""
        return pd.to_numeric(self.rows[measure].replace("", None)).to_numpy(dtype=np.float64)

    def hidden(self, measure: str) -> Mask:
        """bool[rows]: blank, with a code that says why."""
        annotation = f"{measure}{ANNOTATION_SUFFIX}"
        blank = (self.rows[measure] == "").to_numpy()
        return (
            blank & (~self.rows[annotation].isin(["", "0"])).to_numpy() if annotation in self.types else blank & False
        )

    def measures(self, facts: TableFacts) -> list[str]:
        """The columns that are figures: those declared, and those that have a column of codes beside them."""
        return [c for c in self.types if c in facts.measures or f"{c}{ANNOTATION_SUFFIX}" in self.types]

    def at_total(self, name: str, facts: TableFacts) -> Mask:
        """bool[rows]: the row is a total over dimension ``name``."""
        return (self.rows[name] == facts.totals[name]).to_numpy() if name in facts.totals else np.zeros(len(self), bool)

    def single(self, facts: TableFacts) -> Mask:
        """bool[rows]: the row is a total over no dimension."""
        mask = np.ones(len(self), dtype=bool)
        for name in self.key:
            mask &= ~self.at_total(name, facts)
        return mask

    def label_of(self, position: int) -> dict[str, str]:
        """The labels that name one row."""
        return {name: str(self.rows[name].iloc[position]) for name in self.key}
