"""The step ``advise``: coarser designs that would show more, for the tables that must be masked."""

from __future__ import annotations

from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.steps import Note
from include.opendata.onboarding.trial import advise
from include.opendata.warehouse import open_snapshot


def perform(run: Run) -> Note:
    """Try coarser designs."""
    kept = KeptRun.of(run)
    with open_snapshot(kept.records, dataset=kept.dataset) as warehouse:
        trials = advise(kept.declared(), warehouse, kept.trials())
    kept.keep_advised(trials)
    return {trial.table: trial.proposals for trial in trials if trial.advice}
