"""Getting to know a new source, told in order: read, profile, propose, draft, try out, hand over. Nothing is published.

Every step takes the run's reference, reads what earlier steps left in the run's folder of the work area, leaves its own result
there whole or not at all, and returns a small dict of counts and paths; a step can be killed and run again. The bundle is for
people: no value of a record is in it. Imports are inside the steps, for Airflow's parser reads this module.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load_file
from include.opendata.declaration.questions import open_questions
from include.opendata.errors import InputError, Place
from include.opendata.onboarding import draft
from include.opendata.onboarding.bundle import Findings, write
from include.opendata.onboarding.design import Design, check_named, design
from include.opendata.onboarding.high_risk import hinted_populations
from include.opendata.onboarding.meaning import meaning
from include.opendata.onboarding.profile import Profile, naming_columns, profile
from include.opendata.onboarding.reading import Reading, read_source
from include.opendata.onboarding.request import OnboardingRequest, request_from
from include.opendata.onboarding.trial import Trial
from include.opendata.onboarding.trial import advise as try_designs
from include.opendata.onboarding.trial import score_and_mask as try_out
from include.opendata.onboarding.typed_records import personal_columns, write_records
from include.opendata.quality import draft_suites as suites_of
from include.opendata.rules.release import permission_rules
from include.opendata.sources.fetch import shown
from include.opendata.storage import RunArea
from include.opendata.warehouse import open_snapshot

Run = dict[str, str]
"""``dataset``, ``run_id``."""
Progress = Callable[[str], None]

STEPS = (
    "take_copy",
    "profile_columns",
    "propose_tables",
    "draft_declaration",
    "draft_suites",
    "score_and_mask",
    "advise",
    "write_bundle",
)


def start(fields: Mapping[str, Any], run_id: str, *, as_of: dt.date | None = None) -> Run:
    """Begin: the request must be sound. ``as_of``: the day the age of the data is counted from; left out: today."""

    request = request_from(fields)
    area = RunArea(request.id, run_id)
    day = (as_of or dt.datetime.now(dt.UTC).date()).isoformat()
    area.write_json("request.json", {"as_of": day, "request": request.model_dump(mode="json")})
    return {"dataset": request.id, "run_id": run_id}


def take_copy(run: Run) -> dict[str, Any]:
    """Fetch the source into the work area and find out how it is written; the columns asked for must be there."""

    area, request = _area(run), _request(run)
    reading = read_source(request.source, dataset=request.id, into=area.path("source", "records").parent)
    area.write_json(
        "reading.json", {**reading.__dict__, "records": reading.records.relative_to(area.folder).as_posix()}
    )
    if reading.rows < 2:
        raise InputError(
            "the source has a single record",
            remedy="Give the whole source; nothing can be told of one record.",
            slug="source-no-rows",
            place=Place(dataset=request.id, file=shown(request.source)),
        )
    return {"rows": reading.rows, "bytes": reading.bytes, "columns": len(reading.columns)}


def profile_columns(run: Run) -> dict[str, Any]:
    """What each column holds, and which look personal."""

    area, request, reading = _area(run), _request(run), _reading(run)
    found = profile(reading, dataset=request.id, scratch=area.path("source", "spill"))
    check_named(request.columns, found, _place(request))
    records = area.path("source", "records.parquet")
    write_records(reading, found, dataset=request.id, into=records)
    personal = personal_columns(found, records, dataset=request.id, individuals=True)
    added_up = personal_columns(found, records, dataset=request.id, individuals=False)
    area.write_json("personal.json", {"individuals": personal, "aggregate": added_up})
    area.write_json("profile.json", found.model_dump(mode="json"))
    return {"columns": len(found.columns), "look_personal": len(personal)}


def propose_tables(run: Run) -> dict[str, Any]:
    """What a record is, which tables could be made, which variable each dimension is scored as."""

    area, request, reading, found = _area(run), _request(run), _reading(run), _profile(run)
    meanings = [meaning(column) for column in found.columns]
    categories = [m.column for m in sorted(meanings, key=lambda m: bool(m.question)) if m.is_dimension]
    personal = area.read_json("personal.json")
    proposed = design(
        found,
        meanings,
        personal["individuals"],
        personal_if_aggregate=personal["aggregate"],
        naming=naming_columns(reading, categories, dataset=request.id, scratch=area.path("source", "spill")),
        wanted=request.columns,
        name=request.id,
        place=_place(request),
    )
    area.write_json("design.json", proposed.model_dump(mode="json"))
    return {"record": proposed.record, "tables": [table.table for table in proposed.tables]}


def draft_declaration(run: Run) -> dict[str, Any]:
    """The declaration: what was found out, and open questions where only people know. It must be a sound one."""

    area, request, found, proposed = _area(run), _request(run), _profile(run), _design(run)
    words = [request.shown_title, request.id, *(c.name for c in found.columns), *(v for c in found.columns if
             proposed.meaning(c.name).is_dimension for v in c.values or ())]  # fmt: skip
    fields = draft.declaration(request, _reading(run), found, proposed, hinted_populations(words))
    asked = tuple(question.asks for question in permission_rules().questions)
    path = area.path("draft", request.id, "dataset.yaml")
    path.write_text(draft.as_yaml(fields, asked), encoding="utf-8")
    return {"tables": len(proposed.tables), "open_questions": len(open_questions(_declared(run)))}


def draft_suites(run: Run) -> dict[str, Any]:
    """The suites the declaration demands, of the source and of every table."""

    area = _area(run)
    suites = suites_of(_declared(run))
    for name, text in suites.items():
        area.path("draft", run["dataset"], "expectations", name).write_text(text, encoding="utf-8")
    return {"suites": len(suites)}


def score_and_mask(run: Run, progress: Progress = lambda said: None) -> dict[str, Any]:
    """Each table's publication score, and how many cells protection would hide, tried on the real figures."""

    area, declared = _area(run), _declared(run)
    with open_snapshot(area.path("source", "records.parquet"), dataset=declared.dataset) as warehouse:
        trials, personal = try_out(declared, warehouse, progress)
    area.write_json("trials.json", [trial.model_dump(mode="json") for trial in trials])
    area.write_json("refused_columns.json", list(personal))
    return {trial.table: {"score": trial.score, "masking_required": trial.masking_required} for trial in trials}


def advise(run: Run, progress: Progress = lambda said: None) -> dict[str, Any]:
    """Coarser designs that would show more, for the tables that must be masked."""

    area, declared = _area(run), _declared(run)
    with open_snapshot(area.path("source", "records.parquet"), dataset=declared.dataset) as warehouse:
        trials = try_designs(declared, warehouse, _trials(run), progress)
    area.write_json("advised.json", [trial.model_dump(mode="json") for trial in trials])
    return {trial.table: len(trial.advice["proposals"]) for trial in trials if trial.advice}


def write_bundle(run: Run, out: str | None = None) -> dict[str, str]:
    """The folder for the steward: declaration, suites, dictionary, findings and a page; then the records are deleted.

    ``out``: the folder it is put into; left out: the run's folder of the work area, which is swept by age.
    """

    area, request = _area(run), _request(run)
    folder = write(
        Findings(
            request=request,
            reading=_reading(run),
            profile=_profile(run),
            design=_design(run),
            declared=_declared(run),
            trials=_trials(run, "advised.json"),
            refused_columns=tuple(area.read_json("refused_columns.json")),
            as_of=dt.date.fromisoformat(area.read_json("request.json")["as_of"]),
        ),
        drafts=area.folder / "draft" / request.id,
        into=Path(out) if out else area.path("bundle", request.id).parent,
    )
    shutil.rmtree(area.folder / "source", ignore_errors=True)
    return {"bundle": str(folder), "page": str(folder / "index.html")}


def give_up(run: Run) -> None:
    """Delete what a failed run left in the work area."""
    _area(run).remove()


def _area(run: Run) -> RunArea:

    return RunArea(run["dataset"], run["run_id"])


def _request(run: Run) -> OnboardingRequest:

    return OnboardingRequest.model_validate(_area(run).read_json("request.json")["request"])


def _place(request: OnboardingRequest) -> Any:

    return Place(dataset=request.id, file=shown(request.source))


def _reading(run: Run) -> Reading:

    area = _area(run)
    kept = area.read_json("reading.json")
    lists = {"columns": tuple(kept["columns"]), "stored": tuple(kept["stored"])}
    return Reading(**{**kept, **lists, "records": area.folder / kept["records"]})


def _profile(run: Run) -> Profile:

    return Profile.model_validate(_area(run).read_json("profile.json"))


def _design(run: Run) -> Design:

    return Design.model_validate(_area(run).read_json("design.json"))


def _declared(run: Run) -> Dataset:

    return load_file(_area(run).folder / "draft" / run["dataset"] / "dataset.yaml", dataset=run["dataset"])


def _trials(run: Run, name: str = "trials.json") -> tuple[Trial, ...]:

    return tuple(Trial.model_validate(one) for one in _area(run).read_json(name))
