"""The step ``build_release``: data, dictionaries, metadata, the evidence page and the manifest, in the work area."""

from __future__ import annotations

import shutil
from typing import Any

from include.opendata.advice.for_dataset import advise_in_refresh
from include.opendata.pipeline.changes import changes_since, check_changes
from include.opendata.pipeline.ledger_notes import record_advice
from include.opendata.pipeline.merging import merges, taken_as_whole
from include.opendata.pipeline.options import require_only
from include.opendata.pipeline.provenance import release_id
from include.opendata.pipeline.records import ProtectionRecord, ReleaseRecord, read_assessment
from include.opendata.pipeline.results import ReleaseBuilt
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun, open_run
from include.opendata.release import Provenance, ReleaseInputs, SourceFacts
from include.opendata.release import build_release as write_files
from include.opendata.staging import Staging, open_staging
from include.opendata.storage.tables import read_table


def perform(run: Run) -> ReleaseBuilt:
    """Write the release, and look at what it changes.

    Raises Refused where another table than the one asked for would change (``only-not-possible``), and where figures moved
    further than declared (``moved-beyond-tolerance``), but not in a preview: there is something to look at first.
    """
    opened = open_run(run)
    area, staging = opened.area, open_staging(run.staging)
    release = release_id(
        source_sha256=opened.snapshot.sha256,
        declaration_sha256=opened.record.declaration_sha256,
        code=opened.record.code_version,
        previous=opened.record.previous,
        whole=taken_as_whole(run, opened.declared, opened.record.previous),
    )
    folder = area.path("release", release, "manifest.json").parent
    shutil.rmtree(folder, ignore_errors=True)  # what a killed try left behind
    built = write_files(_inputs(opened, release, staging), folder)
    require_only(opened.record.options.only, built.manifest, staging)
    ReleaseRecord(release=release, folder=folder.relative_to(area.folder).as_posix()).write(area)
    opened.ledger.note_run(run.dataset, run.run_id, release=release)
    if not run.preview:
        check_changes(run)
    return ReleaseBuilt(release=release, files=len(built.manifest.files))


def _inputs(opened: OpenRun, release: str, staging: Staging) -> ReleaseInputs:
    """Everything a release is written from, as the steps before left it."""
    declared, area, record, snapshot = opened.declared, opened.area, opened.record, opened.snapshot
    protected = tuple(read_table(area, "protected", name) for name in opened.tables)
    return ReleaseInputs(
        dataset=declared,
        release_id=release,
        source=SourceFacts(snapshot.sha256, snapshot.bytes, snapshot.rows, snapshot.schema),
        protected=protected,
        changes=changes_since(declared, protected, release, record.previous, staging, area),
        assessments={name: area.read_json(f"assessment/{name}.json") for name in opened.tables},
        quality={
            "source": area.read_json("quality/source.json"),
            "publishable": {name: area.read_json(f"quality/{name}.json") for name in opened.tables},
        },
        protection=ProtectionRecord.read(area).tables,
        advice=_advice(opened),
        identifiers=tuple(area.read_json(f"identifiers/{name}.json") for name in ("source", *opened.tables)),
        provenance=Provenance(
            run_id=opened.run.run_id,
            started_at=record.started_at,
            code_version=record.code_version,
            declaration_sha256=record.declaration_sha256,
            previous_release=record.previous,
        ),
    )


def _advice(opened: OpenRun) -> dict[str, dict[str, Any]]:
    """Coarser designs of the tables that must be masked."""
    if merges(
        opened.declared
    ):  # other designs are tried on records, and of a merged table only the last extract's are here
        return {}
    snapshot = opened.snapshot
    masked = {name: read_assessment(opened.area, name).masking_required for name in opened.tables}
    advice = advise_in_refresh(opened.declared, opened.area, snapshot.parquet, masked=masked, records=snapshot.rows)
    record_advice(opened, advice)
    return {table: of_table.model_dump(mode="json") for table, of_table in advice.items()}
