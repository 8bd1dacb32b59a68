"""The strictness every part of a declaration shares."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Strict(BaseModel):
    """A part of a declaration: frozen, and a field nobody knows is an error (usually a slip of the pen)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True, allow_inf_nan=False
    )


_CONTROL_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _written_everywhere(text: str) -> str:
    """Metadata are written as XML too, which cannot hold a control character (XML 1.0, section 2.2)."""
    if _CONTROL_CHARACTER.search(text):
        raise ValueError("it holds a control character, which nobody sees; type the text anew")
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
OPEN = "OPEN QUESTION: "
"""A text that begins so is no answer: it says what is still to be found out (``spec.questions``)."""

Email = Annotated[str, StringConstraints(pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+|OPEN QUESTION: .+)$")]
WebAddress = Annotated[str, StringConstraints(pattern=r"^(https?://\S+|OPEN QUESTION: .+)$")]
