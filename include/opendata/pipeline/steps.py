"""One refresh, told in order: extract, check, tabulate, assess, protect, attack, check again, release, approve, stage.

Every step takes the run's reference (dataset, run id, options), reads what earlier steps left in the run's work area,
leaves its own result there whole or not at all, tells the ledger what it decided, and returns a small dict of paths,
digests and counts. A step can be killed and run again. Whatever the rules refuse is raised as an error for people; staging
is touched by :func:`stage` alone.

Imports are inside the steps: Airflow's parser reads this module and must not pay for Great Expectations or DuckDB.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from include.opendata import places
from include.opendata.advice.for_dataset import advise_in_refresh
from include.opendata.declaration.load import load
from include.opendata.declaration.questions import require_answered
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import Place
from include.opendata.gate.assessment import Assessment, require_publishable
from include.opendata.gate.assessment import assess as walk
from include.opendata.gate.table_facts import table_facts
from include.opendata.identifiers import scan_output, scan_source
from include.opendata.pipeline import merging
from include.opendata.pipeline.approvals import check_approvals
from include.opendata.pipeline.changes import changes_since, check_changes
from include.opendata.pipeline.identifiers import require_no_identifiers
from include.opendata.pipeline.ledger_notes import quality_told, score_figures, told_advice
from include.opendata.pipeline.merging import merges, taken_as_whole
from include.opendata.pipeline.options import checked_options, goes_on, require_no_dry_run, require_only
from include.opendata.pipeline.provenance import code_version, declaration_digest, release_id
from include.opendata.pipeline.published_history import earlier_releases, keep_attack, keep_proof, require_all_attacked
from include.opendata.pipeline.releases import public_files, rolled_back_like, rolled_back_same
from include.opendata.pipeline.run_context import (
    Run,
    decide,
    now,
    open_run,
    record_release,
    run_ledger,
    snapshot_of,
)
from include.opendata.quality import check_publishable as run_suite
from include.opendata.quality import check_source
from include.opendata.release import Provenance, ReleaseInputs, SourceFacts
from include.opendata.release import build_release as write_files
from include.opendata.release.formats.registry import require_fits
from include.opendata.sources import extract as take_snapshot
from include.opendata.staging import open_staging
from include.opendata.storage import RunArea, sweep
from include.opendata.storage.manifest import read_manifest
from include.opendata.storage.run_area import KEEP_UNTIL
from include.opendata.storage.tables import read_table, write_table
from include.opendata.tables import control_totals
from include.opendata.tables import tabulate as aggregate
from include.opendata.tables.column_dependencies import refuse_dependent_columns
from include.opendata.warehouse import open_snapshot


def start(dataset: str, run_id: str, source: str | None = None, staging: str | None = None, **options: Any) -> Run:
    """Begin a run: the declaration must be sound, the ledger within reach. Fixes which release is the current one.

    ``options``: those of ``pipeline.options``, fixed here for the whole run. Raises DeclarationError, also for a question
    left open in the declaration.
    """

    declared = load(dataset)
    require_answered(declared)
    asked = checked_options(options, dataset=dataset, tables=[table.table for table in declared.tables])
    place = open_staging(staging or places.staging())
    address = place.address  # one spelling: the ledger tells places apart by it
    area = RunArea(dataset, run_id)
    current = place.current(dataset)
    facts: dict[str, Any] = {
        "dataset": dataset,
        "run_id": run_id,
        "started_at": now(),
        "declaration_sha256": declaration_digest(declared),
        "code_version": code_version(),
        "previous": current,
        "options": asked.model_dump(),
    }
    if area.has("run.json"):  # a retry of the same run keeps its first starting time
        facts["started_at"] = area.read_json("run.json")["started_at"]
    area.write_json("run.json", facts)
    run_ledger().start_run(
        dataset, run_id, declaration_sha256=facts["declaration_sha256"], code_version=facts["code_version"]
    )
    run = {
        "dataset": dataset, "run_id": run_id, "source": source, "staging": address, "preview": asked.dry_run,
        "whole": asked.whole, "accept_changes": asked.accept_changes, "by": asked.by,
    }  # fmt: skip
    if asked.note:
        decide(run, "start", "note", asked.note)
    return run


def extract(run: Run) -> dict[str, Any]:
    """Take an immutable snapshot of the source: its bytes, their digest, rows and schema."""

    declared, area, ledger = open_run(run)
    snapshot = take_snapshot(
        declared.source, dataset=declared.dataset, location=run.get("source"), into=area.path("snapshot", "raw").parent
    )
    area.write_json(
        "snapshot.json",
        {
            "sha256": snapshot.sha256,
            "bytes": snapshot.bytes,
            "rows": snapshot.rows,
            "schema": [list(column) for column in snapshot.schema],
            "raw": snapshot.raw.relative_to(area.folder).as_posix(),
            "parquet": snapshot.parquet.relative_to(area.folder).as_posix(),
        },
    )
    ledger.note_run(run["dataset"], run["run_id"], source_sha256=snapshot.sha256)
    decide(
        run,
        "extract",
        "snapshot-taken",
        f"Took a snapshot of the source: {snapshot.rows:,} records, {snapshot.bytes:,} bytes.",
        figures={"rows": snapshot.rows, "bytes": snapshot.bytes},
    )
    return {"sha256": snapshot.sha256, "bytes": snapshot.bytes, "rows": snapshot.rows}


def has_changed(run: Run) -> bool:
    """Whether source, declaration or code differ from what the current release was made of, and a rolled-back one.

    With ``force``, and in a dry run, always; Refused ``force-merges-twice`` where the extract merged last would be merged anew.
    """

    declared, area, ledger = open_run(run)
    facts = area.read_json("run.json")
    staging = open_staging(run["staging"])
    current = staging.current(run["dataset"])
    if current is None:
        return True
    manifest = staging.read_manifest(run["dataset"], current)
    made_of = (manifest.source.sha256, manifest.declaration_sha256, manifest.code_version)
    if taken_as_whole(run, declared, current):
        return True
    asked = (area.read_json("snapshot.json")["sha256"], facts["declaration_sha256"], facts["code_version"])
    if made_of != asked:
        rolled_back = rolled_back_like(run["dataset"], staging, ledger, asked)
        if rolled_back is None:
            return True
        area.write_json("unchanged.json", {"release": current})
        decide(run, "has_changed", "rolled-back", rolled_back)
        return False
    options = facts["options"]
    if goes_on(options, merging=merges(declared), dataset=run["dataset"]):
        return True
    area.write_json("unchanged.json", {"release": current})
    record_release(run)  # a run that was killed between staging and the ledger left this to be done
    decide(
        run,
        "has_changed",
        "unchanged",
        f"Source, declaration and code are those of the current release {current}; nothing new is staged.",
    )
    return False


def check_quality(run: Run) -> dict[str, Any]:
    """Run the source's quality suite where the snapshot lies; reproduce the figures its owner states."""

    declared, area, ledger = open_run(run)
    snapshot = snapshot_of(run)
    with open_snapshot(snapshot.parquet, dataset=declared.dataset) as warehouse:
        report = check_source(declared, warehouse, told=quality_told(run))
        control_totals(declared, warehouse)
        scan = scan_source(declared, warehouse)
    area.write_json("quality/source.json", report.to_json())
    decide(
        run,
        "check_quality",
        "quality-passed",
        f"The source passed its quality suite: {report.successful} of {report.declared} expectations hold.",
        figures={"declared": report.declared, "evaluated": report.evaluated, "successful": report.successful},
    )
    require_no_identifiers(scan, area, ledger, step="check_quality")
    return {"suite": report.suite, "declared": report.declared, "successful": report.successful}


def tabulate(run: Run, table: str) -> dict[str, Any]:
    """Aggregate the snapshot to one data table, totals included, merged into what stood where the table says so.

    True figures: they stay in the work area.
    """

    declared, area, _ = open_run(run)
    with open_snapshot(snapshot_of(run).parquet, dataset=declared.dataset) as warehouse:
        if merging.merges(declared):
            tabulated = merging.tabulate_merged(run, declared, table, warehouse, area)
        else:
            tabulated = aggregate(declared, table, warehouse)
    require_fits(declared.table(table), len(tabulated.frame), dataset=declared.dataset)
    path = write_table(area, "tables", tabulated)
    return {"table": table, "rows": len(tabulated.frame), "path": path.relative_to(area.folder).as_posix()}


def assess(run: Run, table: str) -> dict[str, Any]:
    """Walk the six steps of the assessment for public release. Refuses what may never be published."""

    declared, area, _ = open_run(run)
    assessment = walk(table_facts(declared, read_table(area, "tables", table)))
    area.write_json(f"assessment/{table}.json", assessment.model_dump(mode="json"))
    for reason in assessment.reasons:
        decide(run, "assess", reason.slug, reason.sentence, section=reason.section, table=table)
    decide(run, "assess", "assessed", assessment.conclusion, table=table, figures=score_figures(assessment))
    require_publishable(assessment, Place(dataset=declared.dataset, table=table))
    return {"table": table, "score": _score(assessment), "masking_required": assessment.masking_required}


def protect(run: Run) -> dict[str, Any]:
    """Hide small cells and what would reveal them, over all tables at once; then attack the result as a stranger would,
    one who kept every release before it."""

    declared, area, ledger = open_run(run)
    tables = [read_table(area, "tables", table.table) for table in declared.tables]
    earlier = earlier_releases(
        declared,
        tables,
        staging=open_staging(run["staging"]),
        address=run["staging"],
        ledger=ledger,
        declaration=area.read_json("run.json")["declaration_sha256"],
    )
    masked = any(area.read_json(f"assessment/{t.table}.json")["masking_required"] for t in declared.tables)
    # What is shown in full now still tells what an earlier release hid.
    before = [table.structure for release in earlier if masked or release.hides for table in release.tables]
    if masked or before:
        with open_snapshot(snapshot_of(run).parquet, dataset=declared.dataset) as warehouse:
            structures = [table.structure for table in tables]
            refuse_dependent_columns(declared, structures, warehouse, published=before, masked=masked)
    protection = protect_and_attack(declared, tables, masked=masked, earlier=earlier)
    keep_attack(area, protection)
    for table in protection.tables:
        write_table(area, "protected", table)
        name = table.structure.table
        slug, sentence = protection.summary(name)
        figures = {k: v for k, v in protection.facts[name].items() if isinstance(v, int)}
        decide(run, "protect", slug, sentence, section="DDG 2.0 §4.4", table=name, figures=figures)
    area.write_json("protection.json", {"tables": protection.facts, "systems": protection.systems})
    return {name: {k: v for k, v in facts.items() if k != "attack"} for name, facts in protection.facts.items()}


def check_publishable(run: Run, table: str) -> dict[str, Any]:
    """Run the publishable suite on exactly what would be published."""

    declared, area, ledger = open_run(run)
    protected, folder = read_table(area, "protected", table), area.path("publishable", table, "x").parent
    scan = scan_output(declared, protected, folder)
    require_no_identifiers(scan, area, ledger, step="check_publishable")
    report = run_suite(declared, protected, folder, told=quality_told(run, table))
    area.write_json(f"quality/{table}.json", report.to_json())
    decide(
        run,
        "check_publishable",
        "publishable",
        f"What is to be published passed its suite: {report.successful} of {report.declared} expectations hold.",
        table=table,
        figures={"declared": report.declared, "evaluated": report.evaluated, "successful": report.successful},
    )
    return {"table": table, "declared": report.declared, "successful": report.successful}


def build_release(run: Run) -> dict[str, Any]:
    """Write the release: data, dictionaries, metadata, the evidence page and the manifest, in the work area."""

    declared, area, ledger = open_run(run)
    facts, snapshot = area.read_json("run.json"), snapshot_of(run)
    names = [table.table for table in declared.tables]
    release = release_id(
        source_sha256=snapshot.sha256,
        declaration_sha256=facts["declaration_sha256"],
        code=facts["code_version"],
        previous=facts["previous"],
        whole=merging.taken_as_whole(run, declared, facts["previous"]),
    )
    folder = area.path("release", release, "manifest.json").parent
    shutil.rmtree(folder, ignore_errors=True)  # what a killed try left behind
    protected = tuple(read_table(area, "protected", name) for name in names)
    before, staging = facts["previous"], open_staging(run["staging"])
    built = write_files(
        ReleaseInputs(
            dataset=declared,
            release_id=release,
            source=SourceFacts(snapshot.sha256, snapshot.bytes, snapshot.rows, snapshot.schema),
            protected=protected,
            changes=changes_since(declared, protected, release, before, staging, area),
            assessments={name: area.read_json(f"assessment/{name}.json") for name in names},
            quality={
                "source": area.read_json("quality/source.json"),
                "publishable": {name: area.read_json(f"quality/{name}.json") for name in names},
            },
            protection=area.read_json("protection.json")["tables"],
            # Other designs are tried on records, and of a merged table only the last extract's are here.
            advice={}
            if merging.merges(declared)
            else told_advice(run, advise_in_refresh(declared, area, snapshot.parquet)),
            identifiers=tuple(area.read_json(f"identifiers/{name}.json") for name in ("source", *names)),
            provenance=Provenance(
                run_id=run["run_id"],
                started_at=facts["started_at"],
                code_version=facts["code_version"],
                declaration_sha256=facts["declaration_sha256"],
                previous_release=before,
            ),
        ),
        folder,
    )
    require_only(facts["options"]["only"], built.manifest, staging)
    area.write_json("release.json", {"release": release, "folder": folder.relative_to(area.folder).as_posix()})
    ledger.note_run(run["dataset"], run["run_id"], release=release)
    if not run.get("preview"):  # there is something to look at now
        check_changes(run)
    return {"release": release, "files": len(built.manifest.files)}


def stage(run: Run) -> dict[str, Any]:
    """Move the release to staging, whole or not at all, and record it. Refuses a release that was not approved."""

    declared, area, ledger = open_run(run)
    options = area.read_json("run.json")["options"]
    require_no_dry_run(options, dataset=declared.dataset)
    check_approvals(run)  # the state of another task is not evidence
    check_changes(run)
    facts, release = area.read_json("run.json"), area.read_json("release.json")
    folder = area.folder / release["folder"]
    manifest = read_manifest(folder / "manifest.json", dataset=declared.dataset)
    staging = open_staging(run["staging"])
    current = staging.current(declared.dataset)
    rolled_back = rolled_back_same(staging, ledger, manifest)
    if rolled_back is not None:
        area.write_json("unchanged.json", {"release": current})
        decide(run, "stage", "rolled-back", rolled_back)
        return {"release": current, "staged": False}
    if current is not None and current != manifest.release and not options["force"]:
        before = staging.read_manifest(declared.dataset, current)
        if public_files(before) == public_files(manifest):
            if merging.merges(declared):  # what is hidden may have changed, and the next extract builds on it
                merging.require_current(declared, current, facts["previous"])
                merging.keep_standing(area, declared, current)
            area.write_json("unchanged.json", {"release": current})
            decide(
                run,
                "stage",
                "unchanged",
                f"Every public file is the same as in the current release {current}; nothing new is staged.",
            )
            return {"release": current, "staged": False}
    require_all_attacked(declared.dataset, manifest.release, area, staging=staging, ledger=ledger)
    keep_proof(area, manifest, folder, [read_table(area, "protected", table.table) for table in declared.tables])
    if merging.merges(declared):
        merging.keep_standing(area, declared, manifest.release)
    (area.folder / "unchanged.json").unlink(missing_ok=True)  # of an earlier try of this run, which found nothing new
    published = staging.publish(folder, manifest, expected_current=facts["previous"])
    record_release(run)
    if merging.merges(declared):
        merging.prune_standing(declared, staging=staging, address=run["staging"], ledger=ledger)
    decide(run, "stage", "staged", f"Release {manifest.release} is in staging.")
    return {"release": published.release, "staged": True}


def finish(run: Run) -> dict[str, Any]:
    """Close the run: its outcome to the ledger, its records out of the work area."""

    if run.get("preview"):
        return {"outcome": "previewed", "folder": str(close_preview(run))}
    area, ledger = RunArea(run["dataset"], run["run_id"]), run_ledger()
    unchanged = area.has("unchanged.json")
    outcome = "unchanged" if unchanged else "staged"
    entry = ledger.run(run["dataset"], run["run_id"])
    if entry is not None and entry.outcome in ("staged", "unchanged"):
        outcome = entry.outcome  # closed before; this is a retry
    ledger.finish_run(run["dataset"], run["run_id"], outcome=outcome)
    area.remove()
    sweep()
    return {"outcome": outcome}


def close_preview(run: Run) -> Path:
    """Close a preview: its outcome to the ledger, the records of its work area deleted; the release's folder remains."""

    _, area, ledger = open_run(run)
    for part in ("snapshot", "tables", "standing", "proof"):
        shutil.rmtree(area.folder / part, ignore_errors=True)
    (area.folder / KEEP_UNTIL).unlink(missing_ok=True)  # it waits for nobody
    ledger.finish_run(run["dataset"], run["run_id"], outcome="previewed")
    return area.folder / area.read_json("release.json")["folder"]


def table_names(run: Run) -> list[str]:
    """The names of the declared tables, in order."""
    declared, _, _ = open_run(run)
    return [table.table for table in declared.tables]


def _score(assessment: Assessment) -> int | None:
    return assessment.score.total if assessment.score is not None else None
