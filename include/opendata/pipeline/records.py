"""The small files a step leaves in the run's work area for later steps, each with its model.

Large results (snapshots, tables, releases) have formats of their own; what is listed here says where they are and what was
decided. Written whole or not at all, and read back through the model: a file of another form is an error, not a guess.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from include.opendata.gate.assessment import Assessment
from include.opendata.pipeline.options import RefreshOptions
from include.opendata.storage import RunArea


class Record(BaseModel):
    """A file of the work area; ``FILE`` is its name there."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    FILE: ClassVar[str]

    def write(self, area: RunArea) -> None:
        """Leave it in ``area``, whole or not at all."""
        area.write_json(self.FILE, self.model_dump(mode="json", by_alias=True))

    @classmethod
    def read(cls, area: RunArea) -> Self:
        """What an earlier step left. Raises StorageError (``work-area-swept``) where there is none."""
        return cls.model_validate(area.read_json(cls.FILE))

    @classmethod
    def is_in(cls, area: RunArea) -> bool:
        """Whether an earlier step left one."""
        return area.has(cls.FILE)

    @classmethod
    def remove(cls, area: RunArea) -> None:
        """Delete it, if it is there: an earlier try of the run left it."""
        (area.folder / cls.FILE).unlink(missing_ok=True)


class RunRecord(Record):
    """How a run began. ``previous``: the release that was current then; nothing else may become current meanwhile."""

    FILE = "run.json"
    dataset: str
    run_id: str
    started_at: str
    declaration_sha256: str
    code_version: str
    previous: str | None
    options: RefreshOptions


class SnapshotRecord(Record):
    """The snapshot a run took; ``raw`` and ``parquet`` are paths in the work area."""

    FILE = "snapshot.json"
    sha256: str
    bytes: int
    rows: int
    columns: tuple[tuple[str, str], ...] = Field(alias="schema")
    raw: str
    parquet: str


class UnchangedRecord(Record):
    """Nothing new is staged; ``release`` stays the current one."""

    FILE = "unchanged.json"
    release: str | None


class ProtectionRecord(Record):
    """What protection came to: facts per table, as the release's evidence shows them, and the sizes of the cell systems."""

    FILE = "protection.json"
    tables: dict[str, dict[str, Any]]
    systems: dict[str, dict[str, int]]


class OthersRecord(Record):
    """What other datasets had published when the run compared itself with them: dataset → releases."""

    FILE = "proof/others.json"
    seen: dict[str, tuple[str, ...]]


class ReleaseRecord(Record):
    """The release a run built; ``folder`` is a path in the work area."""

    FILE = "release.json"
    release: str
    folder: str


class ApprovalRecord(Record):
    """What a run asked its approvers for, and when it asked first."""

    FILE = "approval.json"
    digest: str
    asked_at: str


def write_assessment(area: RunArea, table: str, assessment: Assessment) -> None:
    """Leave a table's assessment in ``area``."""
    area.write_json(f"assessment/{table}.json", assessment.model_dump(mode="json"))


def read_assessment(area: RunArea, table: str) -> Assessment:
    """A table's assessment, as ``assess`` left it."""
    return Assessment.model_validate(area.read_json(f"assessment/{table}.json"))
