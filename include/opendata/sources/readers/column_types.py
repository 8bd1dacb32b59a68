"""The types a declared column can have: which texts and which stored columns are of a type, and how it is kept.

========  =====================================================================  ===================
type      texts accepted                                                         stored as
========  =====================================================================  ===================
text      anything                                                               string
integer   digits with an optional sign: ``12``, ``-3``, ``007``                  int64
number    digits, an optional fraction and exponent: ``1.5``, ``.5``, ``1e3``    double, finite
date      ``YYYY-MM-DD``, a day that exists                                      date
boolean   true, false, yes, no, t, f, 1, 0, in capitals or not                   boolean
========  =====================================================================  ===================

``12.0`` is no integer and ``1,234`` no number: what a source means by them is its owner's to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from include.opendata.declaration.choices import ColumnType
from include.opendata.sources.sql import literal

FORMS: dict[ColumnType, str] = {
    "integer": "[+-]?[0-9]+",
    "number": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "boolean": "(?i)(true|false|yes|no|t|f|1|0)",
}
"""Type → the pattern of its texts; ``text`` has none."""

KEPT_AS: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
"""Type → DuckDB's type of the typed column."""

WORDS: dict[ColumnType, str] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "date": "a date (YYYY-MM-DD)",
    "boolean": "yes or no",
}

_WHOLE_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
)  # fmt: skip
_STORED: dict[str, ColumnType] = {
    "VARCHAR": "text",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "FLOAT": "number",
    "DOUBLE": "number",
    "DECIMAL": "number",
    **dict.fromkeys(_WHOLE_NUMBERS, "integer"),
}


def type_of_stored(stored: str) -> ColumnType | None:
    """The type of a column that is stored as DuckDB's type ``stored``; None where a declaration has no word for it."""
    return _STORED.get(stored)


def can_be(stored: str, declared: ColumnType) -> bool:
    """Whether a column that comes with a type can be declared as ``declared``: whole numbers are numbers too."""
    kind = type_of_stored(stored)
    return kind == declared or (kind == "integer" and declared == "number")


def is_written_as(text: str, kind: ColumnType) -> str:
    """SQL: whether the text expression ``text`` can be read as ``kind`` (integer, number or date); never true for NULL."""
    return f"(regexp_full_match({text}, {literal(FORMS[kind])}) AND TRY_CAST({text} AS {KEPT_AS[kind]}) IS NOT NULL)"


@dataclass(frozen=True)
class Likeness:
    """A way of writing a value that people use and we do not guess at. ``form``: a pattern; ``remedy``: how it should be."""

    form: str
    what: str
    remedy: str


_THOUSANDS = Likeness(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", "with a separator of thousands", "without it")
_SPACES = Likeness(r"\s+.*|.*\s+", "with spaces around", "without them")

LIKENESSES: dict[ColumnType, tuple[Likeness, ...]] = {
    "integer": (
        _THOUSANDS,
        Likeness(r"[+-]?[0-9]+\.[0-9]*", "with a decimal point", "without it, or declare the column as `number`"),
        _SPACES,
        Likeness("[+-]?[0-9]+", "too large for 64 bits", "as text (`type: text`), if it is a code"),
    ),
    "number": (
        _THOUSANDS,
        Likeness(r"[+-]?[0-9]+,[0-9]+", "with a decimal comma", "with a decimal point"),
        _SPACES,
        Likeness(r"(?i)[+-]?(nan|inf|infinity)", "that is not a finite number", "as a blank"),
    ),
    "date": (
        Likeness(
            r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}", "with day, month and year in another order", "as YYYY-MM-DD"
        ),
        Likeness(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*", "with a time of day", "as YYYY-MM-DD"),
        Likeness("[0-9]{4}-[0-9]{2}-[0-9]{2}", "that do not exist", "as a day of the calendar"),
    ),
    "boolean": (_SPACES,),
}
"""Type → what its wrong texts often are."""
