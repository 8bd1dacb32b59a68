"""What two releases differ in, as it is written down: ``diff.json``.

It holds published labels and published figures of either release and nothing else; a figure that is blank in one of them
is never set beside the other as a difference. The same two releases give the same bytes, so that the digest of these bytes
names a change that someone looked at.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.opendata.errors import StorageError

Number = int | float


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RetypedColumn(_Part):
    """A column that was of one type and is of another."""

    column: str
    was: str
    is_: Annotated[str, Field(alias="is")]


class SchemaChange(_Part):
    """Columns that came, went, or changed their type; whether rows are named by other columns."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[RetypedColumn, ...] = ()
    key_changed: bool = False


class RowChange(_Part):
    """How many rows there were and are, and by key how many came, changed, went and stayed. None: not comparable."""

    old: int
    new: int
    added: int | None = None
    changed: int | None = None
    removed: int | None = None
    unchanged: int | None = None


class TotalChange(_Part):
    """A measure over the whole table: the row of all totals, or where there is none the sum of what is shown at the totals
    there are. ``percent`` of the old value; None where one of them is blank or the old one is 0."""

    measure: str
    of: Literal["total row", "what is shown"]
    old: Number | None
    new: Number | None
    percent: float | None


class Mover(_Part):
    """A figure of single categories, shown in both releases, that moved."""

    measure: str
    row: dict[str, str]
    old: Number
    new: Number
    percent: float | None


class HiddenChange(_Part):
    """Cells of one measure that are blank with a code: in either release, and by key which were shown before and are not
    now, or the other way round."""

    measure: str
    old: int
    new: int
    newly_hidden: int
    newly_shown: int


class ToleranceResult(_Part):
    """One declared tolerance: how many figures were compared, how many moved too far and where, how many could not be
    compared because one of the two is blank."""

    rule: str
    compared: int
    beyond: int
    where: tuple[str, ...]
    not_compared: int


class TableChange(_Part):
    """What one table differs in."""

    table: str
    status: Literal["compared", "not comparable", "new", "gone"]
    columns: SchemaChange = SchemaChange()
    rows: RowChange
    totals: tuple[TotalChange, ...] = ()
    movers: tuple[Mover, ...] = ()
    hidden: tuple[HiddenChange, ...] = ()
    tolerances: tuple[ToleranceResult, ...] = ()


class Differences(_Part):
    """What ``to`` differs in from ``from``."""

    dataset: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    tables: tuple[TableChange, ...]

    @property
    def beyond(self) -> int:
        """Figures that moved further than declared."""
        return sum(result.beyond for table in self.tables for result in table.tolerances)


def differences_bytes(differences: Differences) -> bytes:
    """``diff.json``."""
    return (differences.model_dump_json(by_alias=True, indent=2) + "\n").encode()


def read_differences(content: bytes) -> Differences:
    """The inverse of :func:`differences_bytes`. Raises StorageError when it is none."""
    try:
        return Differences.model_validate_json(content)
    except ValidationError:
        raise StorageError(
            "the release's diff.json cannot be read",
            remedy="Build the release again; `bin/opendata verify` shows whether staging is as it was published.",
            slug="diff-unreadable",
        ) from None
