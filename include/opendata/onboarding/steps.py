"""The steps of getting to know a new source: read, profile, propose, draft, try out, hand over. Nothing is published.

Every step takes the run's reference, reads what earlier steps left in the run's folder of the work area (``kept``), leaves its
own result there whole or not at all, and returns a small note of counts and names; a step can be killed and run again. The
bundle is for people: no value of a record is in it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path

from include.opendata.advice import Progress, in_silence
from include.opendata.declaration.questions import open_questions
from include.opendata.errors import InputError
from include.opendata.onboarding import draft
from include.opendata.onboarding.bundle import Findings, write
from include.opendata.onboarding.design import SourceFacts, check_named, design
from include.opendata.onboarding.high_risk import hinted_populations
from include.opendata.onboarding.kept import KeptRun, PersonalColumns, Run
from include.opendata.onboarding.meaning import meaning
from include.opendata.onboarding.profile import naming_columns, profile
from include.opendata.onboarding.reading import read_source
from include.opendata.onboarding.request import request_from
from include.opendata.onboarding.trial import advise as try_designs
from include.opendata.onboarding.trial import score_and_mask as try_out
from include.opendata.onboarding.typed_records import personal_columns, write_records
from include.opendata.quality import draft_suites as suites_of
from include.opendata.rules.release import permission_rules
from include.opendata.storage.clock import utc_today
from include.opendata.warehouse import open_snapshot

Note = dict[str, object]
"""What a step reports of its result: counts, names, paths."""


def start(fields: Mapping[str, object], run_id: str, *, as_of: dt.date | None = None) -> Run:
    """Begin: the request must be sound. ``as_of``: the day the age of the data is counted from; left out: today."""
    request = request_from(fields)
    run = Run(dataset=request.id, run_id=run_id)
    KeptRun.of(run).keep_request(request, as_of or utc_today())
    return run


def take_copy(run: Run) -> Note:
    """Fetch the source into the work area and find out how it is written; one record is not enough."""
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


def profile_columns(run: Run) -> Note:
    """What each column holds, and which look personal; the columns asked for must be there."""
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


def propose_tables(run: Run) -> Note:
    """What a record is, which tables could be made, which variable each dimension is scored as."""
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


def draft_declaration(run: Run) -> Note:
    """The declaration: what was found out, and open questions where only people know. It must be a sound one."""
    kept = KeptRun.of(run)
    request, profiled, proposed = kept.request(), kept.profile(), kept.design()
    words = [request.shown_title, request.id, *(column.name for column in profiled.columns)]
    for column in profiled.columns:
        if proposed.meaning(column.name).is_dimension:
            words += column.values or ()
    fields = draft.declaration(request, kept.reading(), profiled, proposed, hinted_populations(words))
    questions = tuple(question.asks for question in permission_rules().questions)
    kept.draft("dataset.yaml").write_text(draft.as_yaml(fields, questions), encoding="utf-8")
    return {"tables": len(proposed.tables), "open_questions": len(open_questions(kept.declared()))}


def draft_suites(run: Run) -> Note:
    """The suites the declaration demands, of the source and of every table."""
    kept = KeptRun.of(run)
    suites = suites_of(kept.declared())
    for name, text in suites.items():
        kept.draft("expectations", name).write_text(text, encoding="utf-8")
    return {"suites": len(suites)}


def score_and_mask(run: Run, progress: Progress = in_silence) -> Note:
    """Each table's publication score, and how many cells protection would hide, tried on the real figures."""
    kept = KeptRun.of(run)
    with open_snapshot(kept.records, dataset=kept.dataset) as warehouse:
        trials, refused_columns = try_out(kept.declared(), warehouse, progress)
    kept.keep_trials(trials, refused_columns)
    return {trial.table: {"score": trial.score, "masking_required": trial.masking_required} for trial in trials}


def advise(run: Run, progress: Progress = in_silence) -> Note:
    """Coarser designs that would show more, for the tables that must be masked."""
    kept = KeptRun.of(run)
    with open_snapshot(kept.records, dataset=kept.dataset) as warehouse:
        trials = try_designs(kept.declared(), warehouse, kept.trials(), progress)
    kept.keep_advised(trials)
    return {trial.table: trial.proposals for trial in trials if trial.advice}


def write_bundle(run: Run, out: str | None = None) -> dict[str, str]:
    """The folder for the steward: declaration, suites, dictionary, findings and a page; then the records are deleted.

    ``out``: the folder it is put into; left out: the run's folder of the work area, which is swept by age.
    """
    kept = KeptRun.of(run)
    folder = write(
        Findings(
            request=kept.request(),
            reading=kept.reading(),
            profile=kept.profile(),
            design=kept.design(),
            declared=kept.declared(),
            trials=kept.advised(),
            refused_columns=kept.refused_columns(),
            as_of=kept.as_of(),
        ),
        drafts=kept.draft(),
        into=Path(out) if out else kept.area.path("bundle", kept.dataset).parent,
    )
    shutil.rmtree(kept.records.parent, ignore_errors=True)
    return {"bundle": str(folder), "page": str(folder / "index.html")}


def give_up(run: Run) -> None:
    """Delete what a failed run left in the work area."""
    KeptRun.of(run).area.remove()
