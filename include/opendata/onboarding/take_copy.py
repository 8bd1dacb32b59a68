"""The step ``take_copy``: the source in the work area, and how it is written."""

from __future__ import annotations

from include.opendata.errors import InputError
from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.reading import read_source
from include.opendata.onboarding.steps import Note


def perform(run: Run) -> Note:
    """Fetch the source and find out how it is written. Raises InputError, also where there is but one record."""
    kept = KeptRun.of(run)
    reading = read_source(kept.request().source, dataset=kept.dataset, into=kept.records.parent)
    kept.keep_reading(reading)
    if reading.rows < 2:
        raise InputError(
            "the source has a single record",
            remedy="Give the whole source; nothing can be learned from one record.",
            slug="source-no-rows",
            place=kept.place(),
        )
    return {"rows": reading.rows, "bytes": reading.bytes, "columns": len(reading.columns)}
