"""``bin/opendata check``: everything that can be said of a declaration without touching its source."""

from __future__ import annotations

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.declaration.questions import require_answered
from include.opendata.declaration.tables import PopulationMeasure
from include.opendata.disclosure.protection import declared_annotation
from include.opendata.errors import DeclarationError, Place
from include.opendata.gate.permission import decide_permission
from include.opendata.quality import check_suites
from include.opendata.rules.reference import population_reference


def check_declaration(dataset: str) -> Dataset:
    """The declaration when it is sound: fields, suites, references, permission. Raises DeclarationError or Refused."""
    declared = load(dataset)
    for table in declared.tables:
        references = [d.scores_as.reference for d in table.dimensions]
        references += [m.reference for m in table.measures if isinstance(m, PopulationMeasure)]
        for reference in references:
            if reference is not None:
                population_reference(reference)
    if decide_permission(declared.permission).level == 3:
        raise DeclarationError(
            "its tables are level 3: they never reach the portal",
            remedy="Publish another table, made without what closes this one.",
            slug="level-3",
            place=Place(dataset=dataset),
        )
    declared_annotation(declared)
    check_suites(declared)
    require_answered(declared)  # last, so that an open question hides no fault
    return declared
