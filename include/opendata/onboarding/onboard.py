"""All steps of getting to know a source, one after the other: what the command line runs."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path

from include.opendata.advice import Progress, in_silence
from include.opendata.onboarding import steps
from include.opendata.onboarding.kept import Run
from include.opendata.onboarding.place import refuse_to_write_over
from include.opendata.storage.clock import compact_stamp


def onboard(
    fields: Mapping[str, object],
    *,
    out: str | None = None,
    as_of: dt.date | None = None,
    progress: Progress = in_silence,
) -> dict[str, str]:
    """Where the bundle and its page are. ``fields``: those of an OnboardingRequest.

    Raises the OpendataError that stopped it, after its records were deleted.
    """
    stamp = compact_stamp()
    run = steps.start(fields, f"onboard__{stamp}__{os.getpid()}", as_of=as_of)
    try:
        if out is not None:
            refuse_to_write_over(Path(out), run["dataset"])  # before all the work, and once more when it is written
        written = _all_steps(run, out, progress)
    except BaseException:  # an interrupt too must not leave records behind
        steps.give_up(run)
        raise
    if out is not None:
        steps.give_up(run)
    return written


def _all_steps(run: Run, out: str | None, progress: Progress) -> dict[str, str]:
    for step in (
        steps.take_copy,
        steps.profile_columns,
        steps.propose_tables,
        steps.draft_declaration,
        steps.draft_suites,
    ):
        progress(step.__name__)
        step(run)
    for long_step in (steps.score_and_mask, steps.advise):
        progress(long_step.__name__)
        long_step(run, progress)
    progress(steps.write_bundle.__name__)
    return steps.write_bundle(run, out)
