"""Drafts the declaration: what was found out is written down, what only people know stands there as an open question.

The draft is a sound declaration (it can be read, its suites fit it) of which nothing is made until every question is answered.
``declaration`` makes its fields, ``as_yaml`` writes them with a word to the steward at each part.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping

import yaml

from include.opendata import places
from include.opendata.declaration.base import OPEN
from include.opendata.declaration.choices import PrivacyClass
from include.opendata.declaration.formulas import no_label
from include.opendata.declaration.source import Source
from include.opendata.onboarding.design import Design, TableDesign
from include.opendata.onboarding.meaning import AGE_BANDS, OLDEST, Meaning
from include.opendata.onboarding.profile import ColumnProfile, Profile
from include.opendata.onboarding.reading import Reading
from include.opendata.onboarding.request import OnboardingRequest
from include.opendata.rules.reference import california_counties

NO_DAY = dt.date(1900, 1, 1)
"""Stands where the days are not known: a coverage of one day scores as the shortest period there is."""
LABELLED_UP_TO = 40

_TOTALS = {"sex": "All sexes", "age_range": "All ages", "race_ethnicity": "All groups", "ethnicity": "All groups"}

_RECORDS = {"person": "a person", "event": "an event", "aggregate": "a figure already added up"}

_COMMENTS = {
    "title": "What it is, for the public. Answer each OPEN QUESTION in its place; nothing is refreshed before.",
    "frequency": "How often the portal should expect a refresh; `schedule` below it (such as \"0 6 1 * *\") runs it.",
    "coverage": "The time and the place the data speak of.",
    "source": "Read as it is, never changed. What each column is was guessed from its name and values: please confirm.",
    "survey": "Add `survey: yes` if the records are a sample.",
    "quality": "The suites are in the folder expectations beside this file; add what you know the source must meet.",
    "permission": "Answer what applies; each may have a reason beside it, such as `mandate_note`. Left out is not “no”.",
    "approvals": "Filled in from signed forms, or with `bin/opendata approve`.",
    "tables": "One file each. The points of every dimension are on the page index.html beside this file.",
    "open_questions": "Take each out once it is answered.",
}  # fmt: skip


Fields = dict[str, object]
"""Fields of a declaration in the order they are written, values as YAML has them."""


class _Plain(yaml.SafeDumper):
    """Writes everything out: a declaration has no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def declaration(
    request: OnboardingRequest, reading: Reading, profile: Profile, design: Design, high_risk: tuple[str, ...]
) -> Fields:
    """The fields of the declaration, in the order they are written. ``high_risk``: populations the names hint at."""
    coverage, unknown = _coverage(profile, design)
    questions = [*unknown, *_questions(design, high_risk)]
    return {
        "dataset": request.id,
        "title": request.shown_title,
        "description": f"{OPEN}what is counted, of whom, and where do the records come from?",
        "department": request.department,
        "program": f"{OPEN}which program publishes these tables?",
        "program_web_page": f"{OPEN}what is the address of the program's web page?",
        "steward": {"name": request.steward_name, "email": request.steward_email},
        "contact": {
            "name": f"{OPEN}who answers the public's questions?",
            "email": f"{OPEN}at which address?",
        },
        "topic": request.topic,
        "tags": [request.topic.lower()],
        "frequency": request.frequency,
        "coverage": coverage,
        "source_link": f"{OPEN}where can the public read about the source?",
        "limitations": f"{OPEN}what must a reader know before using the figures?",
        "statutes": [f"{OPEN}which laws govern these data?"],
        "source": _source(request, reading, profile, design),
        "quality": {"suite": f"{request.id}__source"},
        "permission": {},
        "approvals": [],
        "tables": [_table(table, profile, design) for table in design.tables],
        "open_questions": questions,
    }


def as_yaml(fields: Mapping[str, object], asked: tuple[str, ...]) -> str:
    """The declaration as a file for people. ``asked``: the questions of the release-permission tree, in order."""
    lines = [
        "# yaml-language-server: $schema=../dataset.schema.json",
        "#",
        "# Drafted from the source by `bin/opendata onboard`; a proposal, not a decision. `bin/opendata check` names what is",
        "# still open. Every field is explained in docs/declaration.md.",
    ]
    for name, value in fields.items():
        if comment := _COMMENTS.get(name):
            lines += ["", f"# {comment}"]
        if name == "permission":
            lines += [f"# - {question}" for question in asked]
        lines.append(yaml.dump({name: value}, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110).rstrip())
    return "\n".join(lines) + "\n"


def _source(request: OnboardingRequest, reading: Reading, profile: Profile, design: Design) -> Fields:
    used = _used(profile, design)
    written = {
        "format": reading.format,
        "encoding": reading.writing.encoding,
        "delimiter": reading.writing.delimiter,
        "missing": list(profile.missing),
    }
    fields: Fields = {"location": _location(request.source)}
    # What a declaration means where it says nothing is not written.
    fields |= {name: value for name, value in written.items() if value != Source.model_fields[name].default}
    fields["record"] = design.record
    if design.key:
        fields["key"] = list(design.key)
    fields["columns"] = [_column(profile.column(name), design) for name in used]
    if unused := [column.name for column in profile.columns if column.name not in used]:
        fields["unused_columns"] = unused
    return fields


def _location(source: str) -> str:
    """As a declaration has it: from the project's root where it lies below it."""
    if "://" in source:
        return source
    root = str(places.ROOT) + "/"
    return source.removeprefix(root)


def _used(profile: Profile, design: Design) -> list[str]:
    """The columns the tables need, in the source's order."""
    needed = {*design.key, design.person, *_columns_with_totals(design)}
    for table in design.tables:
        needed |= {*table.dimensions, *table.counts, table.population}
    return [column.name for column in profile.columns if column.name in needed]


def _columns_with_totals(design: Design) -> list[str]:
    """Columns of added-up records that hold rows of totals, which must not be added up with the rest."""
    return [m.column for m in design.meanings if m.totals and design.record == "aggregate"]


def _column(column: ColumnProfile, design: Design) -> Fields:
    m = design.meaning(column.name)
    fields: Fields = {
        "name": column.name,
        "type": column.type,
        "label": m.label,
        "definition": m.definition or f"{OPEN}what does the column {column.name} say?",
        "privacy": _privacy(column.name, m, design),
    }
    if valid_values := _valid_values(m, column):
        fields["valid_values"] = valid_values
    if column.blank:
        fields["required"] = False
    return fields


def _valid_values(m: Meaning, column: ColumnProfile) -> list[str] | dict[str, int] | None:
    if m.role in ("county", "area", "group", "category") and column.values and not m.totals:
        return list(column.values)
    if m.role == "age":
        return {"from": 0, "to": OLDEST}
    return {"from": 0} if m.role in ("count", "population") else None


def _privacy(name: str, m: Meaning, design: Design) -> PrivacyClass:
    if m.role in ("person", "event_id") or (name in design.personal and not m.is_dimension):
        return "direct_identifier"
    if design.record == "aggregate":
        return "sensitive" if m.role == "count" else "public"
    if m.role in ("county", "area", "time", "age", "group"):
        return "indirect_identifier"
    return "sensitive" if m.is_dimension else "indirect_identifier"


def _table(table: TableDesign, profile: Profile, design: Design) -> Fields:
    dims = [design.meaning(column) for column in table.dimensions]
    names = _names(dims, table, design)
    title = f"{_what_is_counted(table, design)} by {_listed([m.label.lower() for m in dims])}"
    fields: Fields = {
        "table": table.table,
        "title": title,
        "description": f"{title}.",
        "annotation": "combined",
        "dimensions": [_dimension(m, names[m.column], profile.column(m.column)) for m in dims],
        "measures": _measures(table, design, names),
    }
    if with_totals := _columns_with_totals(design):
        fields["filter"] = [{"column": c, "not_in": list(design.meaning(c).totals)} for c in with_totals]
    county = next((m for m in dims if m.role == "county"), None)
    if county is not None and not _all_counties(profile.column(county.column)):
        fields["absent_combinations"] = "omit"
    return fields


def _what_is_counted(table: TableDesign, design: Design) -> str:
    if design.record == "aggregate":
        return _listed([design.meaning(column).label for column in table.counts]).capitalize()
    return {"person": "Persons", "event": "Events"}[design.record]


def _all_counties(column: ColumnProfile) -> bool:
    return len([v for v in column.values or () if v.isdigit()]) == len(california_counties().areas)


def _dimension(m: Meaning, name: str, column: ColumnProfile) -> Fields:
    labels = _labels(m, column)
    fields: Fields = {
        "name": name,
        "label": m.label,
        "definition": m.definition or f"{OPEN}what do the categories of {m.column} mean?",
        "column": m.column,
    }
    fields |= _categories(m, column, labels)
    shown = labels.values() if m.role != "age" else [str(age_group["label"]) for age_group in _bins(column)]
    taken = {label.lower() for label in shown}
    if column.blank:
        fields["missing"] = "Unknown" if "unknown" not in taken else "Not stated"
    scores: Fields = {"variable": m.variable, **m.scores}
    if m.variable == "unlisted":
        scores["reviewer"] = f"{OPEN}{m.question}"
    fields["scores_as"] = scores
    if m.role != "time":
        fields["total"] = _total(m, column, taken)
    return fields


def _categories(m: Meaning, column: ColumnProfile, labels: Mapping[str, str]) -> Fields:
    """How the values become categories: by a standard, years, groups of ages or labels; as they are where nothing is said."""
    if m.standard:
        return {"standard": m.standard}
    if column.type == "date":
        return {"period": "year"}
    if m.role == "age":
        return {"bins": _bins(column)}
    return {"labels": labels} if labels else {}


def _labels(m: Meaning, column: ColumnProfile) -> dict[str, str]:
    """Value → label, for the steward to better: words begin with a capital letter, and what a spreadsheet would run as a
    formula is asked about, for it cannot be published as it is. Nothing where years speak for themselves."""
    if m.role == "time" or m.standard:
        return {}
    values = column.values or ()
    kept = [v for v in values if v not in m.totals]
    questions = _questions_of_labels(kept)
    if len(values) > LABELLED_UP_TO and not questions:
        return {}
    labels = {v: _capitalised(v) for v in kept} | questions
    if len(set(labels.values())) < len(labels):  # two values may not get one label
        labels = dict(zip(kept, kept, strict=True)) | questions
    return labels


def _questions_of_labels(values: list[str]) -> dict[str, str]:
    return {v: f"{OPEN}how is {v} to be written? A spreadsheet would run it." for v in values if no_label(v)}


def _capitalised(value: str) -> str:
    return value[:1].upper() + value[1:] if value.islower() else value


def _bins(column: ColumnProfile) -> list[Fields]:
    low, high = column.low or 0, column.high or 0
    bands = [(first, last) for first, last in AGE_BANDS if high >= first and (last is None or low <= last)]
    return [
        {"from": first, "label": f"{first} and over"}
        if last is None
        else {"from": first, "to": last, "label": f"{first} to {last}"}
        for first, last in bands
    ]


def _total(m: Meaning, column: ColumnProfile, taken: set[str]) -> str:
    wanted = [_TOTALS.get(str(m.variable), f"All: {m.label}"), f"Total of {m.label}", "All categories together"]
    if m.standard == "county":
        wanted.insert(0, "California" if _all_counties(column) else "All counties")
    elif m.role == "area":
        wanted.insert(0, "All areas")
    return next(label for label in wanted if label.lower() not in taken)


def _measures(table: TableDesign, design: Design, names: Mapping[str, str]) -> list[Fields]:
    if design.record == "person":
        return [{"name": "Persons", "kind": "count", "label": "Persons", "definition": "Number of persons."}]
    if design.record == "event":
        event: Fields = {
            "name": "Events",
            "kind": "count",
            "label": "Events",
            "definition": f"{OPEN}which events are counted?",
        }
        return [event | ({"persons": design.person} if design.person else {})]
    return [_sum(m, names[m.column], is_population=m.column == table.population) for m in _figures(table, design)]


def _sum(m: Meaning, name: str, *, is_population: bool) -> Fields:
    question = f"what does {m.column} count?"
    of = "persons" if m.of_persons else "events"
    if is_population:
        question, of = "of which year and place are these the residents?", "population"
    return {
        "name": name,
        "kind": "sum",
        "column": m.column,
        "of": of,
        "label": m.label,
        "definition": OPEN + question,
    }


def _figures(table: TableDesign, design: Design) -> list[Meaning]:
    """The columns that are added up, the population last."""
    columns = [*table.counts, *([table.population] if table.population else [])]
    return [design.meaning(column) for column in columns]


def _names(dims: list[Meaning], table: TableDesign, design: Design) -> dict[str, str]:
    """Source column → published column: letters, digits, underscores, no name twice."""
    names: dict[str, str] = {}
    figures = _figures(table, design)
    taken = {"persons", "events"} if not figures else set()
    for m in [*dims, *figures]:
        name = _free_name(m.label, taken)
        # The columns that may stand beside it are taken as well.
        taken |= {name.lower(), f"{name.lower()}_annotation", f"{name.lower()}_fips"}
        names[m.column] = name
    return names


def _free_name(label: str, taken: set[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", label)
    plain = "_".join(word[:1].upper() + word[1:] for word in words)[:48].strip("_")
    if not re.match(r"[A-Za-z]", plain):
        plain = f"C_{plain}"
    numbered = (f"{plain}_{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([plain], numbered) if name.lower() not in taken)


def _coverage(profile: Profile, design: Design) -> tuple[Fields, list[str]]:
    fields: Fields = {}
    unknown: list[str] = []
    years = covered_years(profile, design)
    if years:
        fields |= {"start": dt.date(years[0], 1, 1), "end": dt.date(years[1], 12, 31)}
        unknown.append(f"Do the data cover {years[0]} to {years[1]} whole? Then leave `coverage` as it is.")
    else:
        fields |= {"start": NO_DAY, "end": NO_DAY}
        unknown.append("Which days do the data cover? Write `coverage.start` and `coverage.end`.")
    county = next((m for m in design.meanings if m.role == "county" or m.scores.get("reference")), None)
    if county is not None:
        fields |= {"geography": "California", "granularity": "county"}
    else:
        fields |= {"geography": f"{OPEN}which place do the data cover?", "granularity": "other"}
        unknown.append("How fine is the finest area? Write `coverage.granularity`; statewide, if there is none.")
    return fields, unknown


def covered_years(profile: Profile, design: Design) -> tuple[int, int] | None:
    """The first and the last year the data tell of; None where no column tells."""
    times = (profile.column(m.column) for m in design.meanings if m.role == "time")
    return next((years for column in times if (years := _years_in(column)) is not None), None)


def _years_in(column: ColumnProfile) -> tuple[int, int] | None:
    if column.type == "date" and column.low is not None and column.high is not None:
        return int(column.low), int(column.high)
    years = [int(year) for value in column.values or () for year in re.findall(r"(?:19|20)\d\d", value)]
    return (min(years), max(years)) if years else None


def _questions(design: Design, high_risk: tuple[str, ...]) -> list[str]:
    hint = f"; the names hint at {', '.join(high_risk)}." if high_risk else "."
    questions = [
        "Do the tables describe a population at high risk (DDG 2.0 §5.6.2)? Then name it under `high_risk_populations` of "
        f"each table{hint}",
        "Are the records a sample? Then write `survey: yes`.",
        f"Is each record {_RECORDS[design.record]}? It was taken to be so. {design.record_reason}",
    ]
    if design.record == "event" and design.person is None:
        questions.append(
            "How many records may a person have? Name the column that says whose event it is with `persons:` in each count, or "
            "answer `records_per_person: one` or `several` under `source`."
        )
    questions += _questions_of_dimensions(design)
    if totals := _columns_with_totals(design):
        questions.append(
            f"Are the rows that look like totals ({', '.join(totals)}) totals? They are left out by `filter`."
        )
    return questions


def _questions_of_dimensions(design: Design) -> list[str]:
    dimensions = {column for table in design.tables for column in table.dimensions}
    # The question of an unlisted variable stands in the declaration, as its reviewer.
    asked = [m.question for m in design.meanings if m.column in dimensions and m.variable != "unlisted"]
    return [question[:1].upper() + question[1:] + "." for question in asked if question]


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
