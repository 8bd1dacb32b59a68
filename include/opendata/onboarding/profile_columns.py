"""The step ``profile_columns``: what each column holds, and which look personal."""

from __future__ import annotations

from include.opendata.onboarding.design import check_named
from include.opendata.onboarding.kept import KeptRun, PersonalColumns, Run
from include.opendata.onboarding.profile import profile
from include.opendata.onboarding.steps import Note
from include.opendata.onboarding.typed_records import personal_columns, write_records


def perform(run: Run) -> Note:
    """Look at every column. Raises DeclarationError where a column asked for is not there."""
    kept = KeptRun.of(run)
    reading = kept.reading()
    profiled = profile(reading, dataset=kept.dataset, scratch=kept.spill)
    check_named(kept.request().columns, profiled, kept.place())
    write_records(reading, profiled, dataset=kept.dataset, into=kept.records)
    personal = PersonalColumns(
        individuals=personal_columns(profiled, kept.records, dataset=kept.dataset, individuals=True),
        aggregate=personal_columns(profiled, kept.records, dataset=kept.dataset, individuals=False),
    )
    kept.keep_personal(personal)
    kept.keep_profile(profiled)
    return {"columns": len(profiled.columns), "look_personal": len(personal["individuals"])}
