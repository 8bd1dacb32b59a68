"""The step ``score_and_mask``: each table's publication score, and how many cells protection would hide."""

from __future__ import annotations

from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.steps import Note
from include.opendata.onboarding.trial import score_and_mask
from include.opendata.warehouse import open_snapshot


def perform(run: Run) -> Note:
    """Try the drafted tables on the real figures."""
    kept = KeptRun.of(run)
    with open_snapshot(kept.records, dataset=kept.dataset) as warehouse:
        trials, refused_columns = score_and_mask(kept.declared(), warehouse)
    kept.keep_trials(trials, refused_columns)
    return {trial.table: {"score": trial.score, "masking_required": trial.masking_required} for trial in trials}
