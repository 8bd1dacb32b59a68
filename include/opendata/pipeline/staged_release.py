"""Records in the ledger which release is the current one in staging, and what it published.

Done by the step that stages, and again by the next run where that one was killed between staging and the ledger.
"""

from __future__ import annotations

from include.opendata.ledger import Ledger, ReleaseEntry
from include.opendata.pipeline.published_history import remember
from include.opendata.pipeline.releases import record_publication
from include.opendata.pipeline.run import Run
from include.opendata.pipeline.run_context import now
from include.opendata.staging import open_staging
from include.opendata.storage.digests import sha256_of


def record_release(run: Run, ledger: Ledger) -> None:
    """Record the current release and what it published; what the ledger knows already stays as it is."""
    manifest = open_staging(run.staging).read_manifest(run.dataset)
    remember(run.dataset, manifest, address=run.staging, ledger=ledger)
    record_publication(manifest, run.staging, ledger)
    ledger.record_release(
        ReleaseEntry(
            dataset=manifest.dataset,
            release=manifest.release,
            staged_at=now(),
            staging=run.staging,
            manifest_sha256=sha256_of(manifest.to_bytes()),
            source_sha256=manifest.source.sha256,
            declaration_sha256=manifest.declaration_sha256,
            code_version=manifest.code_version,
            previous=manifest.previous_release,
            figures={"tables": [table.model_dump(mode="json") for table in manifest.tables]},
        )
    )
