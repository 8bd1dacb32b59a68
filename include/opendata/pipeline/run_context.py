"""What every step of a run shares: opening it, recording what was decided, and how it failed.

A run's declaration must be the one it began with, in every step of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from include.opendata import places
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.errors import Place, Refused
from include.opendata.ledger import Decision, Ledger, open_ledger
from include.opendata.pipeline.provenance import declaration_digest
from include.opendata.pipeline.records import RunRecord, SnapshotRecord
from include.opendata.pipeline.run import Run
from include.opendata.rules.rule_book import rule_book_digest
from include.opendata.storage import RunArea
from include.opendata.storage.clock import stamp
from include.opendata.storage.digests import sha256_of
from include.opendata.vocabulary import Snapshot


@dataclass(frozen=True)
class OpenRun:
    """A run with what its steps work with: the declaration it began with, its work area, the ledger, how it began."""

    run: Run
    declared: Dataset
    area: RunArea
    ledger: Ledger
    record: RunRecord

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the declared tables, in order."""
        return tuple(table.table for table in self.declared.tables)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot the run took. Raises StorageError (``work-area-swept``) before it took one."""
        record = SnapshotRecord.read(self.area)
        return Snapshot(
            dataset=self.run.dataset,
            sha256=record.sha256,
            bytes=record.bytes,
            rows=record.rows,
            schema=record.columns,
            raw=self.area.folder / record.raw,
            parquet=self.area.folder / record.parquet,
        )

    def decide(
        self,
        step: str,
        slug: str,
        sentence: str,
        *,
        section: str = "",
        table: str = "",
        figures: Mapping[str, Any] | None = None,
    ) -> None:
        """Record one decision of ``step`` in the ledger; no value of a record in ``sentence`` or ``figures``."""
        decision = Decision(step, slug, sentence, section=section, table=table, figures=dict(figures or {}))
        self.ledger.decide(self.run.dataset, self.run.run_id, [decision])


def open_run(run: Run) -> OpenRun:
    """The run, opened. Raises Refused (``declaration-moved``) where the declaration, a suite or the rule book moved on."""
    declared, area = _declaration(run.dataset), RunArea(run.dataset, run.run_id)
    record = RunRecord.read(area)
    if record.declaration_sha256 != declaration_digest(declared):
        raise Refused(
            "the declaration, a suite or the rule book changed while the run was under way",
            remedy="Start the refresh again; what was approved and what is built must be the same.",
            slug="declaration-moved",
            place=Place(dataset=run.dataset),
        )
    return OpenRun(run, declared, area, open_ledger(), record)


def _declaration(dataset: str) -> Dataset:
    """The declaration as it is now; a file that did not change is parsed once in a process."""
    path = places.declaration(dataset)
    if not path.is_file():
        return load(dataset)  # says that it is not there
    return _parsed(dataset, str(path), sha256_of(path.read_bytes()), rule_book_digest())


@lru_cache(maxsize=8)
def _parsed(dataset: str, path: str, sha256: str, rule_book: str) -> Dataset:
    """Path and digests are the cache's key. Were the file changed between digest and parsing, the run would be refused:
    its own digest is compared with what was parsed."""
    return load(dataset)


def record_failure(run: Run, step: str, message: str, outcome: str = "failed") -> None:
    """Record in the ledger that a run ended in ``step``; ``message`` is for people and holds no value of a record.

    ``outcome`` is failed, or refused where a rule said no. Needs neither declaration nor work area: they may be the reason.
    """
    ledger = open_ledger()
    if ledger.run(run.dataset, run.run_id) is not None:
        ledger.finish_run(run.dataset, run.run_id, outcome=outcome, message=f"{step}: {message}")
        ledger.decide(run.dataset, run.run_id, [Decision(step, "stopped", message.split("\n", 1)[0])])


def now() -> str:
    """UTC to the second, as the ledger writes it."""
    return stamp()
