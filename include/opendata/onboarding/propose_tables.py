"""The step ``propose_tables``: what a record is, which tables could be made, which variable each dimension is scored as."""

from __future__ import annotations

from include.opendata.onboarding.design import SourceFacts, design
from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.meaning import meaning
from include.opendata.onboarding.profile import naming_columns
from include.opendata.onboarding.steps import Note


def perform(run: Run) -> Note:
    """Propose data tables."""
    kept = KeptRun.of(run)
    request, profiled, personal = kept.request(), kept.profile(), kept.personal()
    meanings = tuple(meaning(column) for column in profiled.columns)
    categories = [m.column for m in sorted(meanings, key=lambda m: bool(m.question)) if m.is_dimension]
    proposed = design(
        SourceFacts(
            profile=profiled,
            meanings=meanings,
            looks_as_individuals=personal["individuals"],
            looks_as_aggregate=personal["aggregate"],
            naming=naming_columns(kept.reading(), categories, dataset=kept.dataset, scratch=kept.spill),
        ),
        wanted=request.columns,
        name=request.id,
        place=kept.place(),
    )
    kept.keep_design(proposed)
    return {"record": proposed.record, "tables": [table.table for table in proposed.tables]}
