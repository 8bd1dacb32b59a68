"""All steps of getting to know a source, one after the other: what the command line runs."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from include.opendata.onboarding import steps
from include.opendata.onboarding.place import refuse_to_write_over

Progress = Callable[[str], None]


def onboard(
    fields: Mapping[str, Any],
    *,
    out: str | None = None,
    as_of: dt.date | None = None,
    progress: Progress = lambda said: None,
) -> dict[str, str]:
    """Where the bundle and its page are. ``fields``: those of an OnboardingRequest.

    Raises the OpendataError that stopped it, after its records were deleted.
    """
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    run = steps.start(fields, f"onboard__{stamp}__{os.getpid()}", as_of=as_of)
    try:
        if out is not None:
            refuse_to_write_over(Path(out), run["dataset"])  # before all the work, and once more when it is written
        for name in steps.STEPS[:-1]:
            progress(name)
            step = getattr(steps, name)
            step(run, progress) if name in ("score_and_mask", "advise") else step(run)
        progress(steps.STEPS[-1])
        written = steps.write_bundle(run, out)
    except BaseException:
        steps.give_up(run)
        raise
    if out is not None:
        steps.give_up(run)
    return written
