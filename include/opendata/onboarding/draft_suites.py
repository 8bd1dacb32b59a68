"""The step ``draft_suites``: the suites the declaration demands, of the source and of every table."""

from __future__ import annotations

import shutil

from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.steps import Note
from include.opendata.quality import draft_suites
from include.opendata.storage.atomic import write_text


def perform(run: Run) -> Note:
    """Draft the quality suites."""
    kept = KeptRun.of(run)
    suites = draft_suites(kept.declared())
    shutil.rmtree(kept.draft("expectations"), ignore_errors=True)  # an earlier try may have drafted other tables
    for name, text in suites.items():
        write_text(kept.draft("expectations", name), text)
    return {"suites": len(suites)}
