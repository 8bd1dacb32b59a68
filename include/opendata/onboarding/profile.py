"""What each column of an undeclared source holds, found out in DuckDB with bounded memory.

Types are guessed from the first rows and held against all of them; a value that does not fit makes the column text, as a
refresh would demand. Categories are listed only where they are few; how many records each has is looked at and not kept. What
leaves this module for people is coarse: ranges are rounded outwards, so that no end of one is the value of a record.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from include.opendata.declaration.choices import ColumnType
from include.opendata.onboarding.reading import Reading, column_sql
from include.opendata.sources.readers.column_types import is_written_as, type_of_stored
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse import duckdb_storage_errors
from include.opendata.warehouse.duckdb_dialect import settings

SAMPLED_ROWS = 100_000
MOST_CATEGORIES = 120
"""Different values up to which a column's values are listed."""
FEW_RECORDS = 11
MOST_KEY_TRIALS = 80
BLANK = ("",)
NO_VALUE = ("", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", ".", "-", "--")
"""Texts that people write for “no value”; one counts only where the rest of its column is of another type."""

_UNREADABLE = {
    "thousands": (r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", "numbers written with a separator of thousands"),
    "percent": (r"[+-]?[0-9]+(\.[0-9]+)? ?%", "numbers written with a percent sign"),
    "other_dates": (r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}( .*)?", "dates that are not written as YYYY-MM-DD"),
    "times": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*", "dates with a time of day"),
    "money": (r"-?\$ ?[0-9,]+(\.[0-9]+)?", "amounts with a currency sign"),
    "masked": (r"<\s?[0-9]+|\*+", "counts that are masked already"),
}


class ColumnProfile(BaseModel):
    """One column. ``low``, ``high``: the ends of its range (numbers as they are, dates as their year); work area only.

    ``values``: its categories, sorted, where they are at most 120; ``rare``: how many of them have under 11 records.
    ``unreadable``: why a refresh could not read it; empty where it can. ``written``: what its values look like although they
    are text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    filled: int
    blank: int
    distinct: int
    exact: bool
    values: tuple[str, ...] | None = None
    rare: int = 0
    low: float | None = None
    high: float | None = None
    unreadable: str = ""
    written: str = ""

    @property
    def code(self) -> bool:
        """Whether its values are digits that are a code and no number: kept as text for their leading zeros."""
        return self.written == "codes"

    @property
    def shown_range(self) -> str:
        """The range rounded outwards; empty where it has none."""
        if self.low is None or self.high is None:
            return ""
        if self.type == "date" or (self.type == "integer" and 1900 <= self.low <= self.high <= 2100):
            return f"{int(self.low)} to {int(self.high)}"
        return f"{_outwards(self.low, down=True):,} to {_outwards(self.high, down=False):,}"


class Profile(BaseModel):
    """The whole source. ``missing``: the texts that stand for “no value”. ``keys``: columns that together name a record, the
    fewest columns first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    missing: tuple[str, ...]
    columns: Annotated[tuple[ColumnProfile, ...], Field(min_length=1)]
    keys: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> ColumnProfile:
        """The column called ``name``; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def profile(reading: Reading, *, dataset: str, scratch: Path) -> Profile:
    """The profile of what ``reading`` brought. ``scratch`` lies in the work area. Raises StorageError."""
    with duckdb.connect(config=settings(scratch)) as connection, duckdb_storage_errors(dataset):
        look = _Look(connection, reading)
        missing = look.missing()
        columns = tuple(
            look.column(name, stored, missing) for name, stored in zip(reading.columns, reading.stored, strict=True)
        )
        return Profile(rows=reading.rows, missing=missing, columns=columns, keys=look.keys(columns))


class _Look:
    def __init__(self, connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self.connection, self.reading = connection, reading
        self.records = f"read_parquet({literal(str(reading.records))})"
        self.sample = f"(SELECT * FROM {self.records} LIMIT {SAMPLED_ROWS})"  # noqa: S608

    def ask(self, asked: Sequence[str], source: str) -> list[int | float | None]:
        return list(self.connection.execute(f"SELECT {', '.join(asked)} FROM {source}").fetchall()[0])  # noqa: S608

    def missing(self) -> tuple[str, ...]:
        """The texts that stand for “no value” in some column whose other values are numbers or dates."""
        found: set[str] = set(BLANK)
        others = [token for token in NO_VALUE if token]
        for name, stored in zip(self.reading.columns, self.reading.stored, strict=True):
            if stored != "VARCHAR":
                continue
            text = column_sql(name, BLANK, stored)
            asked = [f"count(*) FILTER (WHERE {text} = {literal(token)})" for token in others]
            asked += [f"count(*) FILTER (WHERE {is_written_as(text, kind)})" for kind in ("number", "date")]
            *tokens, numbers, dates, filled = self.ask([*asked, f"count({text})"], self.sample)
            if (
                any(tokens)
                and max(numbers or 0, dates or 0) + sum(t or 0 for t in tokens) == filled
                and (numbers or dates)
            ):
                found |= {token for token, rows in zip(others, tokens, strict=True) if rows}
        return tuple(token for token in NO_VALUE if token in found)

    def column(self, name: str, stored: str, missing: tuple[str, ...]) -> ColumnProfile:
        text = column_sql(name, missing, stored)
        filled, distinct = self.ask([f"count({text})", f"approx_count_distinct({text})"], self.records)
        kind, written, unreadable = self._kind(text, stored)
        facts = {
            "name": name,
            "type": kind,
            "filled": int(filled or 0),
            "blank": self.reading.rows - int(filled or 0),
            "distinct": int(distinct or 0),
            "exact": False,
            "written": written,
            "unreadable": unreadable,
        }
        if (distinct or 0) <= MOST_CATEGORIES * 2:
            # By place, not by name: a column of the source may be called as anything here would be.
            counted = self.connection.execute(
                f"SELECT {text}, count(*) FROM {self.records} WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608
            ).fetchall()
            facts |= {"distinct": len(counted), "exact": True}
            if len(counted) <= MOST_CATEGORIES:
                values = [value for value, _ in counted]
                if kind == "integer":
                    values.sort(key=int)
                if any(value != value.strip() for value in values):
                    facts["unreadable"] = unreadable or "values with spaces around them"
                facts |= {"values": tuple(values), "rare": sum(rows < FEW_RECORDS for _, rows in counted)}
        if kind in ("integer", "number"):
            facts["low"], facts["high"] = self.ask([f"min({text}::DOUBLE)", f"max({text}::DOUBLE)"], self.records)
        elif kind == "date":
            facts["low"], facts["high"] = self.ask(
                [f"year(min({text}::DATE))", f"year(max({text}::DATE))"], self.records
            )
        return ColumnProfile.model_validate(facts)

    def _kind(self, text: str, stored: str) -> tuple[ColumnType, str, str]:
        """(type, what its text looks like, why it cannot be read)."""
        if stored != "VARCHAR":
            kind = type_of_stored(stored)
            return (
                (kind, "", "")
                if kind
                else ("text", "", f"it is stored as {stored}, which a declaration has no type for")
            )
        kinds: tuple[ColumnType, ...] = ("integer", "number", "date")
        asked = [f"count(*) FILTER (WHERE {is_written_as(text, kind)})" for kind in kinds]
        asked.append(f"count(*) FILTER (WHERE regexp_full_match({text}, '0[0-9]+'))")
        asked += [
            f"count(*) FILTER (WHERE regexp_full_match({text}, {literal(form)}))" for form, _ in _UNREADABLE.values()
        ]
        filled, *found = (int(one or 0) for one in self.ask([f"count({text})", *asked], self.sample))
        fits, codes, unread = found[:3], found[3], found[4:]
        if not filled:
            return "text", "", "it has no values"
        for kind, count in zip(kinds, fits, strict=True):
            if count == filled and not (kind == "integer" and self._has_codes(text, codes)):
                (wrong,) = self.ask(
                    [f"count(*) FILTER (WHERE {text} IS NOT NULL AND NOT {is_written_as(text, kind)})"], self.records
                )
                if not wrong:
                    return kind, "", ""
            elif kind == "integer" and count == filled:
                return "text", "codes", ""
        for (form, (_, what)), count in zip(_UNREADABLE.items(), unread, strict=True):
            if count * 10 >= filled and (form != "masked" or count + fits[1] == filled):
                return "text", form, what
        return "text", "", ""

    def _has_codes(self, text: str, in_sample: int) -> bool:
        if in_sample:
            return True
        (found,) = self.ask([f"count(*) FILTER (WHERE regexp_full_match({text}, '0[0-9]+'))"], self.records)
        return bool(found)

    def keys(self, columns: tuple[ColumnProfile, ...]) -> tuple[tuple[str, ...], ...]:
        """Sets of one, two or three columns without a blank that name every record; none that holds another one."""
        rows = self.reading.rows
        whole = [c for c in columns if not c.blank and c.distinct > 1 and c.type != "number"]
        found: list[tuple[str, ...]] = []
        trials = 0
        for size in (1, 2, 3):
            for some in itertools.combinations(whole, size):
                names = tuple(column.name for column in some)
                if any(set(key) <= set(names) for key in found) or math.prod(c.distinct for c in some) < rows * 0.9:
                    continue
                if trials >= MOST_KEY_TRIALS:
                    return tuple(found)
                trials += 1
                parts = ", ".join(quoted(name) for name in names)
                (distinct,) = self.ask([f"count(DISTINCT hash({parts}))"], self.records)
                if distinct == rows:
                    found.append(names)
        return tuple(found)

    def is_key(self, names: Sequence[str]) -> bool:
        """Whether these columns together name every record."""
        (distinct,) = self.ask([f"count(DISTINCT hash({', '.join(map(quoted, names))}))"], self.records)
        return distinct == self.reading.rows


def naming_columns(reading: Reading, names: Sequence[str], *, dataset: str, scratch: Path) -> tuple[str, ...]:
    """Those of ``names`` that together name every record and of which none can go, the earlier ones kept; empty where all of
    them together do not. Raises StorageError."""
    with duckdb.connect(config=settings(scratch)) as connection, duckdb_storage_errors(dataset):
        look = _Look(connection, reading)
        if not names or not look.is_key(names):
            return ()
        kept = list(names)
        for name in reversed(names):
            fewer = [one for one in kept if one != name]
            if fewer and look.is_key(fewer):
                kept = fewer
        return tuple(kept)


def _outwards(value: float, *, down: bool) -> int:
    """The next round number: one digit that is not zero."""
    if value == 0:
        return 0
    step = 10 ** math.floor(math.log10(abs(value))) if abs(value) >= 1 else 1
    return int((math.floor if down else math.ceil)(value / step) * step)
