"""What the data coordinator says of another dataset published at the same place (DDG 2.0, Appendix F)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from include.opendata.declaration.base import Strict, Text


class OtherDataset(Strict):
    """The answer to one question: whether another dataset counts the same persons or events. It is asked once."""

    relation: Annotated[
        Literal["same_records", "unrelated"],
        Field(
            description="`same_records`: it counts some of the same persons or events; both are attacked together. "
            "`unrelated`: none of them."
        ),
    ]
    reason: Annotated[Text, Field(description="How that is known.")]
    by: Annotated[Text, Field(description="The data coordinator who says so.")]
    date: dt.date
