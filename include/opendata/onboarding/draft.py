"""Drafts the declaration: what was found out is written down, what only people know stands there as an open question.

The draft is a sound declaration (it can be read, its suites fit it) of which nothing is made until every question is answered.
``declaration`` makes its fields, ``as_yaml`` writes them with a word to the steward at each part.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import yaml

from include.opendata import places
from include.opendata.declaration.base import OPEN
from include.opendata.declaration.formulas import no_label
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
    "frequency": "How often the portal is told to expect a refresh; `schedule` below it (such as \"0 6 1 * *\") runs it.",
    "coverage": "The time and the place the data speak of.",
    "source": "Read as it is, never changed. What each column is was guessed from its name and values: please confirm.",
    "survey": "Add `survey: yes` if the records are a sample.",
    "quality": "The suites are in the folder expectations beside this file; add what you know the source must meet.",
    "permission": "Answer what applies; each may have a reason beside it, such as `mandate_note`. Left out is not “no”.",
    "approvals": "Filled in from signed forms, or with `bin/opendata approve`.",
    "tables": "One file each. The points of every dimension are on the page index.html beside this file.",
    "open_questions": "Take each out once it is answered.",
}  # fmt: skip


class _Plain(yaml.SafeDumper):
    """Writes everything out: a declaration has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def declaration(
    request: OnboardingRequest, reading: Reading, profile: Profile, design: Design, high_risk: tuple[str, ...]
) -> dict[str, Any]:
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


def as_yaml(fields: Mapping[str, Any], asked: tuple[str, ...]) -> str:
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


def _source(request: OnboardingRequest, reading: Reading, profile: Profile, design: Design) -> dict[str, Any]:
    used = _used(profile, design)
    found: dict[str, Any] = {"location": _location(request.source)}
    if reading.format != "csv":
        found["format"] = reading.format
    if reading.writing.encoding != "utf-8":
        found["encoding"] = reading.writing.encoding
    if reading.writing.delimiter != ",":
        found["delimiter"] = reading.writing.delimiter
    if profile.missing != ("",):
        found["missing"] = list(profile.missing)
    found["record"] = design.record
    if design.key:
        found["key"] = list(design.key)
    found["columns"] = [_column(profile.column(name), design) for name in used]
    if unused := [column.name for column in profile.columns if column.name not in used]:
        found["unused_columns"] = unused
    return found


def _location(source: str) -> str:
    """As a declaration has it: from the project's root where it lies below it."""
    if "://" in source:
        return source
    root = str(places.ROOT) + "/"
    return source.removeprefix(root)


def _used(profile: Profile, design: Design) -> list[str]:
    """The columns the tables need, in the source's order."""
    needed = {*design.key, *([design.person] if design.person else []), *_filtered(design)}
    for table in design.tables:
        needed |= {*table.dimensions, *table.counts, *([table.population] if table.population else [])}
    return [column.name for column in profile.columns if column.name in needed]


def _filtered(design: Design) -> list[str]:
    """Columns of added-up records that hold rows of totals, which must not be added up with the rest."""
    return [m.column for m in design.meanings if m.totals and design.record == "aggregate"]


def _column(column: ColumnProfile, design: Design) -> dict[str, Any]:
    m = design.meaning(column.name)
    found: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "label": m.label,
        "definition": m.definition or f"{OPEN}what does the column {column.name} say?",
        "privacy": _privacy(column.name, m, design),
    }
    if m.role in ("county", "area", "group", "category") and column.values and not m.totals:
        found["valid_values"] = list(column.values)
    elif m.role == "age":
        found["valid_values"] = {"from": 0, "to": OLDEST}
    elif m.role in ("count", "population"):
        found["valid_values"] = {"from": 0}
    if column.blank:
        found["required"] = False
    return found


def _privacy(name: str, m: Meaning, design: Design) -> str:
    if m.role in ("person", "event_id") or (name in design.personal and not m.is_dimension):
        return "direct_identifier"
    if design.record == "aggregate":
        return "sensitive" if m.role == "count" else "public"
    if m.role in ("county", "area", "time", "age", "group"):
        return "indirect_identifier"
    return "sensitive" if m.is_dimension else "indirect_identifier"


def _table(table: TableDesign, profile: Profile, design: Design) -> dict[str, Any]:
    dims = [design.meaning(column) for column in table.dimensions]
    names = _names(dims, table, design)
    said = _said([m.label.lower() for m in dims])
    what = {"person": "Persons", "event": "Events"}.get(design.record) or _said(
        [design.meaning(c).label for c in table.counts]
    ).capitalize()
    found: dict[str, Any] = {
        "table": table.table,
        "title": f"{what} by {said}",
        "description": f"{what} by {said}.",
        "annotation": "combined",
        "dimensions": [_dimension(m, names[m.column], profile.column(m.column)) for m in dims],
        "measures": _measures(table, design, names),
    }
    if filters := [{"column": c, "not_in": list(design.meaning(c).totals)} for c in _filtered(design)]:
        found["filter"] = filters
    county = next((m for m in dims if m.role == "county"), None)
    if county is not None and not _all_counties(profile.column(county.column)):
        found["absent_combinations"] = "omit"
    return found


def _all_counties(column: ColumnProfile) -> bool:
    return len([v for v in column.values or () if v.isdigit()]) == len(california_counties().areas)


def _dimension(m: Meaning, name: str, column: ColumnProfile) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "label": m.label,
        "definition": m.definition or f"{OPEN}what do the categories of {m.column} mean?",
        "column": m.column,
    }
    labels = _labels(m, column)
    if m.standard:
        found["standard"] = m.standard
    elif column.type == "date":
        found["period"] = "year"
    elif m.role == "age":
        found["bins"] = _bins(column)
        labels = {str(i): b["label"] for i, b in enumerate(found["bins"])}
    elif labels:
        found["labels"] = labels
    taken = {label.lower() for label in labels.values()}
    if column.blank:
        found["missing"] = "Unknown" if "unknown" not in taken else "Not stated"
    scores: dict[str, Any] = {"variable": m.variable, **m.scores}
    if m.variable == "unlisted":
        scores["reviewer"] = f"{OPEN}{m.question}"
    found["scores_as"] = scores
    if m.role != "time":
        found["total"] = _total(m, column, taken)
    return found


def _labels(m: Meaning, column: ColumnProfile) -> dict[str, str]:
    """Value → label, for the steward to better: words begin with a capital letter, and what a spreadsheet would run as a
    formula is asked about, for it cannot be published as it is. Nothing where years speak for themselves."""
    if m.role == "time" or m.standard or not column.values:
        return {}
    kept = [v for v in column.values if v not in m.totals]
    formulas = {v: f"{OPEN}how is {v} to be written? A spreadsheet would run it." for v in kept if no_label(v)}
    if len(column.values) > LABELLED_UP_TO and not formulas:
        return {}
    plain = {v: v[:1].upper() + v[1:] if v.islower() else v for v in kept} | formulas
    return plain if len(set(plain.values())) == len(plain) else {v: v for v in plain} | formulas


def _bins(column: ColumnProfile) -> list[dict[str, Any]]:
    low, high = column.low or 0, column.high or 0
    kept = [(a, b) for a, b in AGE_BANDS if high >= a and (b is None or low <= b)]
    return [
        {"from": a, "label": f"{a} and over"} if b is None else {"from": a, "to": b, "label": f"{a} to {b}"}
        for a, b in kept
    ]


def _total(m: Meaning, column: ColumnProfile, taken: set[str]) -> str:
    wanted = [_TOTALS.get(str(m.variable), f"All: {m.label}"), f"Total of {m.label}", "All categories together"]
    if m.standard == "county":
        wanted.insert(0, "California" if _all_counties(column) else "All counties")
    elif m.role == "area":
        wanted.insert(0, "All areas")
    return next(label for label in wanted if label.lower() not in taken)


def _measures(table: TableDesign, design: Design, names: Mapping[str, str]) -> list[dict[str, Any]]:
    if design.record == "person":
        return [{"name": "Persons", "kind": "count", "label": "Persons", "definition": "Number of persons."}]
    if design.record == "event":
        event = {"name": "Events", "kind": "count", "label": "Events", "definition": f"{OPEN}which events are counted?"}
        return [event | ({"persons": design.person} if design.person else {})]
    found = []
    for column in (*table.counts, *([table.population] if table.population else [])):
        m = design.meaning(column)
        of = "population" if column == table.population else "persons" if m.of_persons else "events"
        asked = (
            "of which year and place are these the residents?" if of == "population" else f"what does {column} count?"
        )
        found.append(
            {
                "name": names[column],
                "kind": "sum",
                "column": column,
                "of": of,
                "label": m.label,
                "definition": OPEN + asked,
            }
        )
    return found


def _names(dims: list[Meaning], table: TableDesign, design: Design) -> dict[str, str]:
    """Source column → published column: letters, digits, underscores, none twice."""
    found: dict[str, str] = {}
    figures = [design.meaning(c) for c in (*table.counts, *([table.population] if table.population else []))]
    taken = {"persons", "events"} if not figures else set()
    for m in [*dims, *figures]:
        name = "_".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", m.label))[:48].strip("_")
        name = name if re.match(r"[A-Za-z]", name) else f"C_{name}"
        number = 2
        plain = name
        while name.lower() in taken:
            name, number = f"{plain}_{number}", number + 1
        taken |= {name.lower(), f"{name.lower()}_annotation", f"{name.lower()}_fips"}
        found[m.column] = name
    return found


def _coverage(profile: Profile, design: Design) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    unknown: list[str] = []
    years = covered_years(profile, design)
    if years:
        found |= {"start": dt.date(years[0], 1, 1), "end": dt.date(years[1], 12, 31)}
        unknown.append(f"Do the data cover {years[0]} to {years[1]} whole? Then leave `coverage` as it is.")
    else:
        found |= {"start": NO_DAY, "end": NO_DAY}
        unknown.append("Which days do the data cover? Write `coverage.start` and `coverage.end`.")
    county = next((m for m in design.meanings if m.role == "county" or m.scores.get("reference")), None)
    if county is not None:
        found |= {"geography": "California", "granularity": "county"}
    else:
        found |= {"geography": f"{OPEN}which place do the data cover?", "granularity": "other"}
        unknown.append("How fine is the finest area? Write `coverage.granularity`; statewide, if there is none.")
    return found, unknown


def covered_years(profile: Profile, design: Design) -> tuple[int, int] | None:
    """The first and the last year the data tell of; None where no column tells."""
    for m in design.meanings:
        column = profile.column(m.column)
        if m.role != "time":
            continue
        if column.type == "date" and column.low is not None and column.high is not None:
            return int(column.low), int(column.high)
        found = [int(y) for v in column.values or () for y in re.findall(r"(?:19|20)\d\d", v)]
        if found:
            return min(found), max(found)
    return None


def _questions(design: Design, high_risk: tuple[str, ...]) -> list[str]:
    asked = [
        "Do the tables describe a population at high risk (DDG 2.0 §5.6.2)? Then name it under `high_risk_populations` of "
        "each table" + (f"; the names hint at {', '.join(high_risk)}." if high_risk else "."),
        "Are the records a sample? Then write `survey: yes`.",
        f"Is each record {_RECORDS[design.record]}? It was taken to be so. {design.record_reason}",
    ]
    shown = {c for table in design.tables for c in table.dimensions}
    asked += [m.question[:1].upper() + m.question[1:] + "." for m in design.meanings
              if m.question and m.column in shown and m.variable != "unlisted"]  # fmt: skip
    totals = [m.column for m in design.meanings if m.totals and design.record == "aggregate"]
    if totals:
        asked.append(f"Are the rows that look like totals ({', '.join(totals)}) totals? They are left out by `filter`.")
    return asked


def _said(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
