"""Writes what was found out and drafted as one folder a steward can review, complete and drop among the declarations.

=====================  ==============================================================================================
``dataset.yaml``       the drafted declaration, open questions and all
``expectations/``      the suites it demands; a dataset may carry them with it
``dictionary.csv``     the draft of the data dictionary, every published field of every table
``onboarding.json``    everything found out, for programs
``index.html``         the same as a page for people
=====================  ==============================================================================================

No value of a record is in it: of a column's values only categories are named, where they are few and the column does not look
personal; ranges are rounded outwards, and small numbers of records are told as such.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from include.opendata import yaml_reader
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.questions import dotted, open_questions
from include.opendata.errors import Place
from include.opendata.gate.permission import decide_permission
from include.opendata.onboarding.design import Design
from include.opendata.onboarding.draft import covered_years
from include.opendata.onboarding.meaning import Meaning
from include.opendata.onboarding.page import page
from include.opendata.onboarding.place import refuse_to_write_over
from include.opendata.onboarding.priority import Priority, priority
from include.opendata.onboarding.profile import ColumnProfile, Profile
from include.opendata.onboarding.reading import Reading
from include.opendata.onboarding.request import OnboardingRequest
from include.opendata.onboarding.trial import Trial
from include.opendata.quality.suites import floors
from include.opendata.release.formats.csv_files import write_text_csv
from include.opendata.release.metadata.dictionary import HEADER
from include.opendata.rules.release import permission_rules
from include.opendata.sources.fetch import shown
from include.opendata.storage.atomic import move_folder
from include.opendata.storage.system_errors import storage_errors

VERSION = 1
CATEGORIES_NAMED = 60

Told = dict[str, object]
"""A part of ``onboarding.json``: plain values, keys in the order they are written."""


@dataclass(frozen=True)
class Findings:
    """Everything the bundle says. ``as_of``: the day the age of the data is counted from."""

    request: OnboardingRequest
    reading: Reading
    profile: Profile
    design: Design
    declared: Dataset
    trials: tuple[Trial, ...]
    refused_columns: tuple[str, ...]
    as_of: dt.date


def write(findings: Findings, *, drafts: Path, into: Path) -> Path:
    """Write the bundle ``into/<id>``, whole or not at all. ``drafts``: the folder with the declaration and its suites.

    Again, it leaves the very same bundle alone: the step may have been killed after it wrote it. Raises DeclarationError
    ``bundle-exists`` rather than writing over what a steward may have worked on, StorageError.
    """
    target = into / findings.request.id
    partial = into / f".{findings.request.id}.partial"
    told = as_json(findings, yaml_reader.read(drafts / "dataset.yaml")[1])
    with storage_errors(findings.request.id, "the bundle's folder"):
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(drafts, partial)
        (partial / "onboarding.json").write_text(
            json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (partial / "index.html").write_text(page(told), encoding="utf-8", newline="\n")
        write_text_csv(
            partial / "dictionary.csv",
            ("table", *HEADER),
            ((trial.table, *row) for trial in findings.trials for row in trial.fields),
            place=Place(dataset=findings.request.id),
        )
        if not _same_files(partial, target):
            move_folder(partial, refuse_to_write_over(into, findings.request.id))
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _same_files(folder: Path, other: Path) -> bool:
    return other.is_dir() and _contents(folder) == _contents(other)


def _contents(folder: Path) -> dict[str, bytes]:
    """Path below ``folder`` → bytes, of every file in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_json(findings: Findings, positions: yaml_reader.Positions) -> Told:
    """What the bundle says, as plain values. ``positions``: the lines of the declaration."""
    request, design = findings.request, findings.design
    permission = decide_permission(findings.declared.permission)
    return {
        "version": VERSION,
        "dataset": request.id,
        "title": request.shown_title,
        "department": request.department,
        "steward": request.steward_name,
        "as_of": findings.as_of.isoformat(),
        "source": _source(findings),
        "record": {"kind": design.record, "reason": design.record_reason, "key": list(design.key)},
        "candidate_keys": [list(key) for key in findings.profile.keys],
        "columns": [_column(findings, column) for column in findings.profile.columns],
        "tables": [_table(findings.declared, trial) for trial in findings.trials],
        "looks_personal": list(findings.refused_columns),
        "open_questions": _open_questions(findings.declared, positions),
        "permission": {
            "sentence": permission.sentence,
            "open": [{"id": q.id, "asks": q.asks, "fields": list(q.fields)} for q in permission_rules().questions],
            "section": permission.section,
        },
        "suites": sorted(f"{name}.json" for name in floors(findings.declared)),
        "priority": _priority(findings).model_dump(mode="json"),
    }


def _source(findings: Findings) -> Told:
    reading = findings.reading
    return {
        "location": shown(findings.request.source),
        "format": reading.format,
        "encoding": reading.writing.encoding,
        "delimiter": reading.writing.delimiter,
        "rows": reading.rows,
        "bytes": reading.bytes,
        "sha256": reading.sha256,
        "missing": list(findings.profile.missing),
    }


def _open_questions(declared: Dataset, positions: yaml_reader.Positions) -> list[Told]:
    """The questions in the declaration, by line."""
    questions = sorted((positions.line(field), dotted(field), asks) for field, asks in open_questions(declared))
    return [{"line": line, "field": field, "asks": asks} for line, field, asks in questions]


def _priority(findings: Findings) -> Priority:
    return priority(
        findings.profile,
        findings.design,
        frequency=findings.request.frequency,
        years=covered_years(findings.profile, findings.design),
        as_of=findings.as_of,
    )


def _column(findings: Findings, column: ColumnProfile) -> Told:
    design, rule = findings.design, findings.declared.small_cell_rule
    m = design.meaning(column.name)
    personal = design.personal.get(column.name, "")
    few_blank = 0 < column.blank < rule.below
    # A category or a range of a column that looks personal could be a person's; years and groups of ages are no one's.
    may_be_told = not personal or m.role in ("age", "time")
    return {
        "name": column.name,
        "type": column.type,
        "filled": f"all but under {rule.below}" if few_blank else column.filled,
        "blank": f"under {rule.below}" if few_blank else column.blank,
        "different_values": column.distinct,
        "exact": column.exact,
        "range": column.shown_range if may_be_told and m.role != "none" else "",
        "categories": _categories(column, m) if may_be_told else [],
        "cannot_be_read": column.unreadable,
        "looks_personal": personal,
        "role": m.role,
        "scores_as": m.variable,
        "reason": design.left_out.get(column.name) or m.reason,
        "question": m.question,
        "totals": list(m.totals),
        "shown_in": [t.table for t in design.tables if column.name in (*t.dimensions, *t.counts, t.population)],
    }


def _categories(column: ColumnProfile, m: Meaning) -> list[str]:
    """The values of a column that groups records, where they are few; single ages are not named."""
    values = column.values or ()
    groups_records = m.is_dimension or bool(m.totals)
    return list(values) if groups_records and m.role != "age" and len(values) <= CATEGORIES_NAMED else []


def _table(declared: Dataset, trial: Trial) -> Told:
    table = declared.table(trial.table)
    return {
        "table": trial.table,
        "title": table.title,
        "rows": trial.rows,
        "dimensions": [
            {"name": d.name, "column": d.column, "scores_as": d.scores_as.variable, "total": d.total}
            for d in table.dimensions
        ],
        "measures": [{"name": m.name, "kind": m.kind} for m in table.measures],
        "score": trial.score,
        "lines": [line.model_dump() for line in trial.lines],
        "condition": trial.condition,
        "masking_required": trial.masking_required,
        "masking": trial.masking.model_dump() if trial.masking else None,
        "advice": trial.advice,
        "refusal": trial.refusal,
    }
