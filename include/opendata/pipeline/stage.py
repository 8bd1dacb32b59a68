"""The step ``stage``: the release becomes visible, whole or not at all. The only step that writes to staging.

It trusts no task before it: approvals, changes and what was attacked are looked at again. A run killed at any moment here
can be run again.
"""

from __future__ import annotations

from include.opendata.pipeline import check_approvals
from include.opendata.pipeline.changes import check_changes
from include.opendata.pipeline.merging import keep_base_figures, merges, prune_base_figures, require_current
from include.opendata.pipeline.options import require_no_dry_run
from include.opendata.pipeline.other_datasets import require_others_seen
from include.opendata.pipeline.published_history import keep_proof, require_all_attacked
from include.opendata.pipeline.records import ReleaseRecord, UnchangedRecord
from include.opendata.pipeline.releases import public_files, rolled_back_same
from include.opendata.pipeline.results import Staged
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun, open_run
from include.opendata.pipeline.staged_release import record_release
from include.opendata.staging import Staging, open_staging
from include.opendata.storage.manifest import Manifest, read_manifest
from include.opendata.storage.tables import read_table


def perform(run: Run) -> Staged:
    """Move the release to staging and record it, unless there is nothing new in it.

    Raises Refused: a dry run, an approval that is missing, changes no one accepted, another release staged meanwhile.
    """
    opened = open_run(run)
    require_no_dry_run(opened.record.options, dataset=run.dataset)
    check_approvals.perform(run)  # the state of another task is not evidence
    check_changes(run)
    folder = opened.area.folder / ReleaseRecord.read(opened.area).folder
    manifest = read_manifest(folder / "manifest.json", dataset=run.dataset)
    staging = open_staging(run.staging)
    current = staging.current(run.dataset)
    rolled_back = rolled_back_same(staging, opened.ledger, manifest)
    if rolled_back is not None:
        return _nothing_new(opened, current, "rolled-back", rolled_back)
    if current is not None and _shows_the_same(opened, manifest, current, staging):
        if merges(opened.declared):  # what is hidden may have changed, and the next extract builds on it
            require_current(opened.declared, current, opened.record.previous)
            keep_base_figures(opened.area, opened.declared, current)
        sentence = f"Every public file is the same as in the current release {current}; nothing new is staged."
        return _nothing_new(opened, current, "unchanged", sentence)
    require_all_attacked(run.dataset, manifest.release, opened.area, staging=staging, ledger=opened.ledger)
    protected = [read_table(opened.area, "protected", name) for name in opened.tables]
    keep_proof(opened.area, manifest, folder, protected)
    if merges(opened.declared):
        keep_base_figures(opened.area, opened.declared, manifest.release)
    UnchangedRecord.remove(opened.area)  # of an earlier try of this run, which found nothing new
    with opened.ledger.staging_alone():  # what is staged by others up to here was seen, and sees this one from here on
        require_others_seen(opened, protected)
        published = staging.publish(folder, manifest, expected_current=opened.record.previous)
        record_release(run, opened.ledger)
    if merges(opened.declared):
        prune_base_figures(opened.declared, staging=staging, address=run.staging, ledger=opened.ledger)
    opened.decide("stage", "staged", f"Release {manifest.release} is in staging.")
    return Staged(release=published.release, staged=True)


def _shows_the_same(opened: OpenRun, manifest: Manifest, current: str, staging: Staging) -> bool:
    """Whether another release is current that shows the public the same; ``force`` stages it again all the same."""
    if current == manifest.release or opened.record.options.force:
        return False
    return public_files(staging.read_manifest(manifest.dataset, current)) == public_files(manifest)


def _nothing_new(opened: OpenRun, current: str | None, slug: str, sentence: str) -> Staged:
    UnchangedRecord(release=current).write(opened.area)
    opened.decide("stage", slug, sentence)
    return Staged(release=current, staged=False)
