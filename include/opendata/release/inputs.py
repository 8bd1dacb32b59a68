"""What a release is made of, and what comes out. Plain values only, so that this room needs no other one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.opendata.declaration.dataset import Dataset
from include.opendata.storage.manifest import Manifest
from include.opendata.vocabulary import ProtectedTable


@dataclass(frozen=True)
class SourceFacts:
    """The snapshot, without its paths: nothing of the work area enters a release."""

    sha256: str
    bytes: int
    rows: int
    schema: tuple[tuple[str, str], ...]
    """(column, declared type)."""


@dataclass(frozen=True)
class Provenance:
    """Which run made the release, of what."""

    run_id: str
    started_at: str
    """ISO 8601 with a time zone, such as ``2026-02-14T06:00:00+00:00``; its date is the date of the release."""
    code_version: str
    declaration_sha256: str
    previous_release: str | None = None


@dataclass(frozen=True)
class ChangesSince:
    """What the release differs in from the one before. ``diff``: the bytes of ``diff.json``, which say what
    ``differences`` says · ``files``: table → the header and the rows of its change file."""

    diff: bytes
    differences: Mapping[str, Any]
    files: Mapping[str, tuple[Sequence[str], Iterable[Sequence[str]]]]


@dataclass(frozen=True)
class ReleaseInputs:
    """Everything :func:`~include.opendata.release.build.build_release` needs.

    ``assessments``: per table, the gate's assessment as JSON. ``quality``: ``{"source": report, "publishable": {table:
    report}}``; a report has ``suite, declared, evaluated, expectations``, an expectation ``type, columns, sentence,
    success`` and, where they matter, ``decided`` and ``severity``. ``protection``: per table ``seed`` and ``attack``,
    the number of suppressed cells by verdict (``safe_with_witness``, ``safe_by_lp``, ``recoverable``, ``undecided``;
    ``cells`` and ``blanks`` tell sizes; anything else counts what must not be), of the table or of the whole dataset.
    ``advice``: for tables that must be masked, the design advisor's advice as JSON: ``sentence`` and ``proposals``, each with
    ``change``, ``remarks``, ``score``, ``cells``, ``cells_shown_percent``, ``events_shown_percent`` (or None) and ``yaml``.
    ``identifiers``: the scans of the source and of each table as JSON: ``conclusion`` and ``findings``, each with
    ``column``, ``sentence``, ``section`` and ``severity``.
    """

    dataset: Dataset
    release_id: str
    source: SourceFacts
    protected: tuple[ProtectedTable, ...]
    assessments: Mapping[str, Mapping[str, Any]]
    quality: Mapping[str, Any]
    protection: Mapping[str, Mapping[str, Any]]
    provenance: Provenance
    advice: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    identifiers: tuple[Mapping[str, Any], ...] = ()
    changes: ChangesSince | None = None
    """None for the first release of a dataset."""


@dataclass(frozen=True)
class Release:
    """A release in its folder: complete, and not yet anywhere the public could see it."""

    folder: Path
    manifest: Manifest
