"""What each step returns, and hands on between Airflow's tasks as JSON: names, paths, digests and counts, never data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """What a step returns."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SnapshotTaken(Result):
    """``extract``: digest and size of the snapshot, and its records."""

    sha256: str
    bytes: int
    rows: int


class Comparison(Result):
    """``has_changed``: whether there is something new to be released."""

    changed: bool


class SourceChecked(Result):
    """``check_quality``: the source's suite, its expectations, and how many of them hold."""

    suite: str
    declared: int
    successful: int


class Tabulated(Result):
    """``tabulate``: the rows of a data table, and its file in the work area."""

    table: str
    rows: int
    path: str


class Assessed(Result):
    """``assess``: the publication score (None where none is needed), and whether small cells must be hidden."""

    table: str
    score: int | None
    masking_required: bool


class TablesProtected(Result):
    """``protect``: per table the annotation, the seed and the numbers of cells hidden."""

    tables: dict[str, dict[str, Any]]


class TableChecked(Result):
    """``check_publishable``: the expectations of a table's suite, and how many of them hold."""

    table: str
    declared: int
    successful: int


class ReleaseBuilt(Result):
    """``build_release``: the release's name and the number of its files."""

    release: str
    files: int


class TableToApprove(Result):
    """What an approver is shown of one table: its title, the assessment's conclusion, the lines of its score."""

    title: str
    conclusion: str
    score: tuple[str, ...]


class ApprovalsAsked(Result):
    """``request_approvals``: what is to be approved, and who has not approved it yet.

    ``open_roles``: role → its name in plain words · ``changes``: since the last approval, a sentence each · ``first``: it was
    never approved by all roles before · ``answer_by``: UTC, ISO 8601.
    """

    digest: str
    level: int | None
    open_roles: dict[str, str]
    changes: tuple[str, ...]
    first: bool
    answer_by: str | None
    tables: dict[str, TableToApprove]


class Approved(Result):
    """``check_approvals``: every approval is given, for exactly this digest."""

    approved: Literal[True] = True
    digest: str


class Staged(Result):
    """``stage``: the current release now, and whether this run made it so."""

    release: str | None
    staged: bool


class Finished(Result):
    """``finish``: how the run ended; ``folder``: of a preview's release, in the work area."""

    outcome: Literal["staged", "unchanged", "previewed"]
    folder: str | None = None


class PublishedOnPortal(Result):
    """``publish``: the release, whether the portal had to be changed for it, and the portal's id of the package."""

    release: str
    outcome: str
    package: str
