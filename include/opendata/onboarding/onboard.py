"""All steps of getting to know a source, one after the other: what the command line runs."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from include.opendata.onboarding import door
from include.opendata.onboarding.kept import Run
from include.opendata.onboarding.place import refuse_to_write_over
from include.opendata.onboarding.start import give_up, start
from include.opendata.onboarding.steps import ONBOARDING_STEPS, Note
from include.opendata.progress import progress_to
from include.opendata.storage.clock import compact_stamp

Progress = Callable[[str], None]


def onboard(
    fields: Mapping[str, object],
    *,
    out: str | None = None,
    as_of: dt.date | None = None,
    progress: Progress = lambda step: None,
) -> dict[str, str]:
    """Where the bundle and its page are. ``fields``: those of an OnboardingRequest · ``progress`` is given the name of each
    step, and what a long step is doing.

    Raises the OpendataError that stopped it, after its records were deleted.
    """
    run = start(fields, f"onboard__{compact_stamp()}__{os.getpid()}", as_of=as_of, out=out)
    try:
        if out is not None:
            refuse_to_write_over(Path(out), run["dataset"])  # before all the work, and once more when it is written
        written = _all_steps(run, progress)
    except BaseException:  # an interrupt too must not leave records behind
        give_up(run)
        raise
    if out is not None:
        give_up(run)
    return {name: str(path) for name, path in written.items()}


def _all_steps(run: Run, progress: Progress) -> Note:
    """What the last step hands on."""
    note: Note = {}
    for step in ONBOARDING_STEPS:
        progress(step.name)
        with progress_to(lambda line: progress(f"  {line}")):
            note = door.perform(step, run)
    return note
