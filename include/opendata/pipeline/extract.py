"""The step ``extract``: an immutable snapshot of the source in the run's work area."""

from __future__ import annotations

from include.opendata.pipeline.records import SnapshotRecord
from include.opendata.pipeline.results import SnapshotTaken
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import open_run
from include.opendata.sources import extract as take_snapshot


def perform(run: Run) -> SnapshotTaken:
    """Take the snapshot: the source's bytes, their digest, rows and schema. Raises InputError and StorageError."""
    opened = open_run(run)
    area = opened.area
    snapshot = take_snapshot(
        opened.declared.source, dataset=run.dataset, location=run.source, into=area.path("snapshot", "raw").parent
    )
    SnapshotRecord(
        sha256=snapshot.sha256,
        bytes=snapshot.bytes,
        rows=snapshot.rows,
        schema=snapshot.schema,
        raw=snapshot.raw.relative_to(area.folder).as_posix(),
        parquet=snapshot.parquet.relative_to(area.folder).as_posix(),
    ).write(area)
    opened.ledger.note_run(run.dataset, run.run_id, source_sha256=snapshot.sha256)
    opened.decide(
        "extract",
        "snapshot-taken",
        f"Took a snapshot of the source: {snapshot.rows:,} records, {snapshot.bytes:,} bytes.",
        figures={"rows": snapshot.rows, "bytes": snapshot.bytes},
    )
    return SnapshotTaken(sha256=snapshot.sha256, bytes=snapshot.bytes, rows=snapshot.rows)
