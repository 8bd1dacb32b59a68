"""Begins getting to know a source: the request must be sound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.request import request_from
from include.opendata.storage.clock import utc_today


def start(fields: Mapping[str, object], run_id: str, *, as_of: dt.date | None = None, out: str | None = None) -> Run:
    """Begin. ``as_of``: the day the age of the data is counted from; left out: today · ``out``: the folder the bundle is put
    into; left out: the run's folder of the work area, which is swept by age. Raises DeclarationError for what is wrong with
    the request, all at once."""
    request = request_from(fields)
    run = Run(dataset=request.id, run_id=run_id)
    KeptRun.of(run).keep_request(request, as_of or utc_today(), out)
    return run


def give_up(run: Run) -> None:
    """Delete what a failed run left in the work area."""
    KeptRun.of(run).area.remove()
