"""The step ``draft_declaration``: what was found out, and open questions where only people know."""

from __future__ import annotations

from include.opendata.declaration.questions import open_questions
from include.opendata.onboarding import draft
from include.opendata.onboarding.high_risk import hinted_populations
from include.opendata.onboarding.kept import KeptRun, Run
from include.opendata.onboarding.steps import Note
from include.opendata.rules.release import permission_rules
from include.opendata.storage.atomic import write_text


def perform(run: Run) -> Note:
    """Draft the declaration. Raises DeclarationError where it is not a sound one."""
    kept = KeptRun.of(run)
    request, profiled, proposed = kept.request(), kept.profile(), kept.design()
    words = [request.shown_title, request.id, *(column.name for column in profiled.columns)]
    for column in profiled.columns:
        if proposed.meaning(column.name).is_dimension:
            words += column.values or ()
    fields = draft.declaration(request, kept.reading(), profiled, proposed, hinted_populations(words))
    questions = tuple(question.asks for question in permission_rules().questions)
    write_text(kept.draft("dataset.yaml"), draft.as_yaml(fields, questions))
    return {"tables": len(proposed.tables), "open_questions": len(open_questions(kept.declared()))}
