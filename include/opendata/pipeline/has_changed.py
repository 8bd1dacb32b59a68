"""The step ``has_changed``: whether there is anything new to release.

A release is made of a source, a declaration, the code, and the release before it. Where all are those of the current release,
or of one that was rolled back, the run ends here and stages nothing.
"""

from __future__ import annotations

from include.opendata.pipeline.merging import merges, taken_as_whole
from include.opendata.pipeline.options import continues
from include.opendata.pipeline.records import SnapshotRecord, UnchangedRecord
from include.opendata.pipeline.releases import rolled_back_like
from include.opendata.pipeline.results import Comparison
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import OpenRun, open_run
from include.opendata.pipeline.staged_release import record_release
from include.opendata.staging import open_staging


def perform(run: Run) -> Comparison:
    """Whether source, declaration or code differ from what the current release was made of, and a rolled-back one.

    With ``force``, and in a dry run, always. Raises Refused (``force-merges-twice``) where the extract merged last would be
    merged again.
    """
    opened = open_run(run)
    staging = open_staging(run.staging)
    current = staging.current(run.dataset)
    if current is None or taken_as_whole(run, opened.declared, current):
        return Comparison(changed=True)
    manifest = staging.read_manifest(run.dataset, current)
    current_inputs = (manifest.source.sha256, manifest.declaration_sha256, manifest.code_version)
    inputs = (
        SnapshotRecord.read(opened.area).sha256,
        opened.record.declaration_sha256,
        opened.record.code_version,
    )
    if inputs != current_inputs:
        rolled_back = rolled_back_like(run.dataset, staging, opened.ledger, inputs)
        if rolled_back is None:
            return Comparison(changed=True)
        return _nothing_new(opened, current, "rolled-back", rolled_back)
    if continues(opened.record.options, merging=merges(opened.declared), dataset=run.dataset):
        return Comparison(changed=True)
    record_release(run, opened.ledger)  # a run that was killed between staging and the ledger left this to be done
    sentence = f"Source, declaration and code are those of the current release {current}; nothing new is staged."
    return _nothing_new(opened, current, "unchanged", sentence)


def _nothing_new(opened: OpenRun, current: str, slug: str, sentence: str) -> Comparison:
    UnchangedRecord(release=current).write(opened.area)
    opened.decide("has_changed", slug, sentence)
    return Comparison(changed=False)
