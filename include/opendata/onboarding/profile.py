"""What each column of an undeclared source holds, found out in DuckDB with bounded memory.

Types are guessed from the first rows and held against all of them; a value that does not fit makes the column text, as a
refresh would demand. Categories are listed only where they are few; how many records each has is looked at and not kept. What
leaves this module for people is coarse: ranges are rounded outwards, so that no end of one is the value of a record.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from include.opendata.declaration.choices import ColumnType
from include.opendata.onboarding.reading import Reading, column_sql
from include.opendata.rules.release import thresholds
from include.opendata.sources.readers.column_types import is_written_as, type_of_stored
from include.opendata.sources.sql import literal, quoted
from include.opendata.warehouse import duckdb_storage_errors
from include.opendata.warehouse.duckdb_dialect import settings

SAMPLED_ROWS = 100_000
MOST_CATEGORIES = 120
"""Different values up to which a column's values are listed."""
MOST_KEY_TRIALS = 80
BLANK = ("",)
NO_VALUE = ("", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", ".", "-", "--")
"""Texts that people write for “no value”; one counts only where the rest of its column is of another type."""


@dataclass(frozen=True)
class _Unreadable:
    """A way of writing values that a refresh could not read, as a pattern and in words."""

    name: str
    form: str
    words: str


_UNREADABLE = (
    _Unreadable(
        "thousands", r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", "numbers written with a separator of thousands"
    ),
    _Unreadable("percent", r"[+-]?[0-9]+(\.[0-9]+)? ?%", "numbers written with a percent sign"),
    _Unreadable(
        "other_dates", r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}( .*)?", "dates that are not written as YYYY-MM-DD"
    ),
    _Unreadable("times", r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*", "dates with a time of day"),
    _Unreadable("money", r"-?\$ ?[0-9,]+(\.[0-9]+)?", "amounts with a currency sign"),
    _Unreadable("masked", r"<\s?[0-9]+|\*+", "counts that are masked already"),
)
_CODE = "0[0-9]+"
"""Digits that begin with a zero."""


class ColumnProfile(BaseModel):
    """One column. ``low``, ``high``: the ends of its range (numbers as they are, dates as their year); work area only.

    ``values``: its categories, sorted, where they are at most 120; ``rare``: how many of them have
    so few records that a count of them would be small.
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
        records = _Records(connection, reading)
        missing = records.missing_texts()
        columns = tuple(
            _Column(records, name, stored, missing).profile()
            for name, stored in zip(reading.columns, reading.stored, strict=True)
        )
        return Profile(rows=reading.rows, missing=missing, columns=columns, keys=records.keys(columns))


def naming_columns(reading: Reading, names: Sequence[str], *, dataset: str, scratch: Path) -> tuple[str, ...]:
    """Those of ``names`` that together name every record and of which none can go, the earlier ones kept; empty where all of
    them together do not. Raises StorageError."""
    with duckdb.connect(config=settings(scratch)) as connection, duckdb_storage_errors(dataset):
        records = _Records(connection, reading)
        if not names or not records.are_named_by(names):
            return ()
        kept = list(names)
        for name in reversed(names):
            fewer = [column for column in kept if column != name]
            if fewer and records.are_named_by(fewer):
                kept = fewer
        return tuple(kept)


class _Records:
    """The records as a table that is asked for numbers."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self.connection, self.reading = connection, reading
        self.all = f"read_parquet({literal(str(reading.records))})"
        self.sample = f"(SELECT * FROM {self.all} LIMIT {SAMPLED_ROWS})"  # noqa: S608 - quoted

    def ask(self, expressions: Sequence[str], source: str) -> list[int | float | None]:
        """The values of these SQL expressions over all rows of ``source``."""
        return list(self.connection.execute(f"SELECT {', '.join(expressions)} FROM {source}").fetchall()[0])  # noqa: S608 - quoted

    def count(self, expressions: Sequence[str], source: str) -> list[int]:
        """The same for expressions that are never blank."""
        return [int(value or 0) for value in self.ask(expressions, source)]

    def missing_texts(self) -> tuple[str, ...]:
        """The texts that stand for “no value” in some column whose other values are numbers or dates."""
        texts = set(BLANK)
        for name, stored in zip(self.reading.columns, self.reading.stored, strict=True):
            if stored == "VARCHAR":
                texts |= self._missing_texts_of(column_sql(name, BLANK, stored))
        return tuple(token for token in NO_VALUE if token in texts)

    def _missing_texts_of(self, text: str) -> set[str]:
        tokens = [token for token in NO_VALUE if token]
        *counts, numbers, dates, filled = self.count(
            [
                *(f"count(*) FILTER (WHERE {text} = {literal(token)})" for token in tokens),
                *(f"count(*) FILTER (WHERE {is_written_as(text, kind)})" for kind in _NUMBER_OR_DATE),
                f"count({text})",
            ],
            self.sample,
        )
        others = max(numbers, dates)
        if not others or others + sum(counts) != filled:
            return set()
        return {token for token, count in zip(tokens, counts, strict=True) if count}

    def are_named_by(self, names: Sequence[str]) -> bool:
        """Whether these columns together name every record."""
        (distinct,) = self.ask([f"count(DISTINCT hash({', '.join(map(quoted, names))}))"], self.all)
        return distinct == self.reading.rows

    def keys(self, columns: tuple[ColumnProfile, ...]) -> tuple[tuple[str, ...], ...]:
        """Sets of one, two or three columns without a blank that name every record; none that holds another one."""
        keys: list[tuple[str, ...]] = []
        trials = 0
        for names in self._candidate_keys(columns):
            if any(set(key) <= set(names) for key in keys):
                continue
            if trials >= MOST_KEY_TRIALS:
                break
            trials += 1
            if self.are_named_by(names):
                keys.append(names)
        return tuple(keys)

    def _candidate_keys(self, columns: tuple[ColumnProfile, ...]) -> Iterator[tuple[str, ...]]:
        """Sets of columns that have enough different values between them, the fewest columns first."""
        whole = [c for c in columns if not c.blank and c.distinct > 1 and c.type != "number"]
        for size in (1, 2, 3):
            for several in itertools.combinations(whole, size):
                # A tenth is for the numbers of different values that are estimates.
                if math.prod(column.distinct for column in several) >= self.reading.rows * 0.9:
                    yield tuple(column.name for column in several)


_NUMBER_OR_DATE: tuple[ColumnType, ...] = ("number", "date")
_GUESSED: tuple[ColumnType, ...] = ("integer", "number", "date")
"""The types a text is tried as, the narrowest first."""


@dataclass(frozen=True)
class _Guess:
    """A column's type. ``written``: what its text looks like; ``unreadable``: why a refresh could not read it."""

    type: ColumnType
    written: str = ""
    unreadable: str = ""


@dataclass(frozen=True)
class _Categories:
    """The different values of a column. ``values`` None: there are too many to list, and ``distinct`` may be an estimate."""

    distinct: int
    exact: bool
    values: tuple[str, ...] | None = None
    rare: int = 0


class _Column:
    """One column of the records."""

    def __init__(self, records: _Records, name: str, stored: str, missing: tuple[str, ...]) -> None:
        self.records, self.name, self.stored = records, name, stored
        self.text = column_sql(name, missing, stored)

    def profile(self) -> ColumnProfile:
        """Everything found out about it."""
        filled, distinct = self.records.count(
            [f"count({self.text})", f"approx_count_distinct({self.text})"], self.records.all
        )
        guess = self._guess()
        categories = self._categories(distinct, guess.type)
        low, high = self._range(guess.type)
        spaced = any(value != value.strip() for value in categories.values or ())
        return ColumnProfile(
            name=self.name,
            type=guess.type,
            filled=filled,
            blank=self.records.reading.rows - filled,
            distinct=categories.distinct,
            exact=categories.exact,
            values=categories.values,
            rare=categories.rare,
            low=low,
            high=high,
            unreadable=guess.unreadable or ("values with spaces around them" if spaced else ""),
            written=guess.written,
        )

    def _categories(self, estimate: int, kind: ColumnType) -> _Categories:
        # Twice as many, for the estimate may be too high.
        if estimate > MOST_CATEGORIES * 2:
            return _Categories(estimate, exact=False)
        # By place, not by name: a column of the source may be called as anything here would be.
        counted = self.records.connection.execute(
            f"SELECT {self.text}, count(*) FROM {self.records.all} WHERE {self.text} IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608 - quoted
        ).fetchall()
        if len(counted) > MOST_CATEGORIES:
            return _Categories(len(counted), exact=True)
        values = [value for value, _ in counted]
        if kind == "integer":
            values.sort(key=int)
        few = thresholds().small_cell.below
        return _Categories(len(counted), True, tuple(values), sum(rows < few for _, rows in counted))

    def _range(self, kind: ColumnType) -> tuple[float | None, float | None]:
        """The least and the greatest number, or the first and the last year; (None, None) where there is no such thing."""
        ends = {
            "integer": f"min({self.text}::DOUBLE), max({self.text}::DOUBLE)",
            "number": f"min({self.text}::DOUBLE), max({self.text}::DOUBLE)",
            "date": f"year(min({self.text}::DATE)), year(max({self.text}::DATE))",
        }
        if kind not in ends:
            return None, None
        low, high = self.records.ask([ends[kind]], self.records.all)
        return low, high

    def _guess(self) -> _Guess:
        if self.stored == "VARCHAR":
            return self._guess_of_text()
        kind = type_of_stored(self.stored)
        if kind is None:
            return _Guess("text", unreadable=f"it is stored as {self.stored}, which a declaration has no type for")
        return _Guess(kind)

    def _guess_of_text(self) -> _Guess:
        """The narrowest type that fits every value; where none does, what the text looks like."""
        sample = self._sample()
        if not sample.filled:
            return _Guess("text", unreadable="it has no values")
        if sample.is_all("integer") and self._has_codes(sample):
            return _Guess("text", "codes")
        for kind in _GUESSED:
            does_not_fit = f"{self.text} IS NOT NULL AND NOT {is_written_as(self.text, kind)}"
            if sample.is_all(kind) and not self._count_of_all(does_not_fit):
                return _Guess(kind)
        way = next((way for way in _UNREADABLE if sample.is_written(way)), None)
        return _Guess("text", way.name, way.words) if way else _Guess("text")

    def _has_codes(self, sample: _Sample) -> bool:
        """Whether some number begins with a zero, which a code may and a number does not."""
        return bool(sample.codes or self._count_of_all(self._matches(_CODE)))

    def _sample(self) -> _Sample:
        conditions = [
            self._matches(_CODE),
            *(is_written_as(self.text, kind) for kind in _GUESSED),
            *(self._matches(way.form) for way in _UNREADABLE),
        ]
        filled, codes, *counts = self.records.count(
            [f"count({self.text})", *(f"count(*) FILTER (WHERE {condition})" for condition in conditions)],
            self.records.sample,
        )
        written = dict(zip([*_GUESSED, *(way.name for way in _UNREADABLE)], counts, strict=True))
        return _Sample(filled, codes, written)

    def _matches(self, form: str) -> str:
        return f"regexp_full_match({self.text}, {literal(form)})"

    def _count_of_all(self, condition: str) -> int:
        (count,) = self.records.count([f"count(*) FILTER (WHERE {condition})"], self.records.all)
        return count


@dataclass(frozen=True)
class _Sample:
    """Of the first rows, how many are filled, are codes, and are ``written`` as a type or in one of the unreadable ways."""

    filled: int
    codes: int
    written: dict[str, int]

    def is_all(self, kind: ColumnType) -> bool:
        """Whether every value can be read as ``kind``."""
        return self.written[kind] == self.filled

    def is_written(self, way: _Unreadable) -> bool:
        """Whether one value in ten is written so. Masked counts are told from other texts only by the numbers beside them."""
        if way.name == "masked" and self.written["masked"] + self.written["number"] != self.filled:
            return False
        return self.written[way.name] * 10 >= self.filled


def _outwards(value: float, *, down: bool) -> int:
    """The next round number: one digit that is not zero."""
    if value == 0:
        return 0
    step = 10 ** math.floor(math.log10(abs(value))) if abs(value) >= 1 else 1
    return int((math.floor if down else math.ceil)(value / step) * step)
