"""The strictness every part of a declaration shares."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


class Strict(BaseModel):
    """A part of a declaration: frozen, and a field no one knows is an error (usually a slip of the pen)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True, allow_inf_nan=False
    )


_CONTROL_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _written_everywhere(text: str) -> str:
    """Metadata are written as XML too, which cannot hold a control character (XML 1.0, section 2.2)."""
    if _CONTROL_CHARACTER.search(text):
        raise ValueError("it holds a control character, which no one sees; type the text again")
    return text


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_written_everywhere)]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,98}[a-z0-9]$"),
    Field(description="Small letters, digits and underscores; it never changes once published."),
]
LONGEST_TABLE_NAME = 80
"""A portal cuts the names of its files at 100 letters, endings such as ``_data_dictionary.csv`` included."""

TableName = Annotated[
    str,
    StringConstraints(pattern=rf"^[a-z][a-z0-9_]{{1,{LONGEST_TABLE_NAME - 2}}}[a-z0-9]$"),
    Field(description="Small letters, digits and underscores, at most 80; it never changes once published."),
]
ColumnName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,51}$"),
    Field(description="The column's header in the published file: letters, digits and underscores, at most 52."),
]


def as_text(value: Any) -> Any:
    """A number or a day among categories is text, written without quotes; anything else as it is."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def texts(values: Any) -> Any:
    """:func:`as_text` of every entry of a list."""
    return [as_text(value) for value in values] if isinstance(values, list) else values


def _day_as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


# YAML makes a date of a day without quotes; from here on a day is text, as days in categories and suites are.
DayOrText = Annotated[str, BeforeValidator(_day_as_text)]
RangeEnd = Annotated[float | int | str | None, BeforeValidator(_day_as_text)]

OPEN = "OPEN QUESTION: "
"""A text that begins so is no answer: it says what is still to be found out (``declaration.questions``)."""

Email = Annotated[str, StringConstraints(pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+|OPEN QUESTION: .+)$")]
WebAddress = Annotated[str, StringConstraints(pattern=r"^(https?://\S+|OPEN QUESTION: .+)$")]
