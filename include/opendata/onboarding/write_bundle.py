"""The step ``write_bundle``: the folder for the steward; then the records are deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

from include.opendata.onboarding.bundle import Findings, write
from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.steps import Note


def perform(run: Run) -> Note:
    """Write declaration, suites, dictionary, findings and a page; hands on where they are."""
    kept = KeptRun.of(run)
    out = kept.out()
    folder = write(
        Findings(
            request=kept.request(),
            reading=kept.reading(),
            profile=kept.profile(),
            design=kept.design(),
            declared=kept.declared(),
            trials=kept.advised(),
            refused_columns=kept.refused_columns(),
            as_of=kept.as_of(),
        ),
        drafts=kept.draft(),
        into=Path(out) if out is not None else kept.area.path("bundle", kept.dataset).parent,
    )
    shutil.rmtree(kept.records.parent, ignore_errors=True)
    return {"bundle": str(folder), "page": str(folder / "index.html")}
