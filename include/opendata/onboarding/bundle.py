"""Writes what was found out and drafted as one folder a steward can review, complete and drop among the declarations.

=====================  ==============================================================================================
``dataset.yaml``       the drafted declaration, open questions and all
``expectations/``      the suites it demands; a dataset may carry them with it
``dictionary.csv``     the draft of the data dictionary, every published field of every table
``onboarding.json``    everything found out, for programs
``index.html``         the same as a page for people
=====================  ==============================================================================================

No value of a record is in it: of a column's values only categories are named, where they are few and the column does not look
personal; ranges are rounded outwards, and numbers of records under 11 are told as such.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.opendata import yaml_reader
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.questions import dotted, open_questions
from include.opendata.errors import Place
from include.opendata.gate.permission import decide_permission
from include.opendata.onboarding.design import Design
from include.opendata.onboarding.draft import covered_years
from include.opendata.onboarding.page import page
from include.opendata.onboarding.place import refuse_to_write_over
from include.opendata.onboarding.priority import Priority, priority
from include.opendata.onboarding.profile import FEW_RECORDS, ColumnProfile, Profile
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


@dataclass(frozen=True)
class Findings:
    """Everything the bundle tells. ``as_of``: the day the age of the data is counted from."""

    request: OnboardingRequest
    reading: Reading
    profile: Profile
    design: Design
    declared: Dataset
    trials: tuple[Trial, ...]
    refused_columns: tuple[str, ...]
    as_of: dt.date


def write(found: Findings, *, drafts: Path, into: Path) -> Path:
    """Write the bundle ``into/<id>``, whole or not at all. ``drafts``: the folder with the declaration and its suites.

    Raises DeclarationError ``bundle-exists`` rather than writing over what a steward may have worked on, StorageError.
    """
    target = refuse_to_write_over(into, found.request.id)
    partial = into / f".{found.request.id}.partial"
    told = as_json(found, yaml_reader.read(drafts / "dataset.yaml")[1])
    with storage_errors(found.request.id, "the bundle's folder"):
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(drafts, partial)
        (partial / "onboarding.json").write_text(
            json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (partial / "index.html").write_text(page(told), encoding="utf-8", newline="\n")
        write_text_csv(
            partial / "dictionary.csv",
            ("table", *HEADER),
            ((trial.table, *row) for trial in found.trials for row in trial.fields),
            place=Place(dataset=found.request.id),
        )
        move_folder(partial, target)
    return target


def as_json(found: Findings, positions: yaml_reader.Positions) -> dict[str, Any]:
    """What is told, as plain values. ``positions``: the lines of the declaration."""
    request, decided = found.request, decide_permission(found.declared.permission)
    questions = sorted((positions.line(field), dotted(field), asked) for field, asked in open_questions(found.declared))
    return {
        "version": VERSION,
        "dataset": request.id,
        "title": request.shown_title,
        "department": request.department,
        "steward": request.steward_name,
        "as_of": found.as_of.isoformat(),
        "source": {
            "location": shown(request.source),
            "format": found.reading.format,
            "encoding": found.reading.writing.encoding,
            "delimiter": found.reading.writing.delimiter,
            "rows": found.reading.rows,
            "bytes": found.reading.bytes,
            "sha256": found.reading.sha256,
            "missing": list(found.profile.missing),
        },
        "record": {"kind": found.design.record, "reason": found.design.record_reason, "key": list(found.design.key)},
        "candidate_keys": [list(key) for key in found.profile.keys],
        "columns": [_column(found, column) for column in found.profile.columns],
        "tables": [_table(found, trial) for trial in found.trials],
        "looks_personal": list(found.refused_columns),
        "open_questions": [{"line": line, "field": field, "asks": asked} for line, field, asked in questions],
        "permission": {
            "sentence": decided.sentence,
            "open": [{"id": q.id, "asks": q.asks, "fields": list(q.fields)} for q in permission_rules().questions],
            "section": decided.section,
        },
        "suites": sorted(f"{name}.json" for name in _suites(found)),
        "priority": _priority(found).model_dump(mode="json"),
    }


def _suites(found: Findings) -> list[str]:

    return list(floors(found.declared))


def _priority(found: Findings) -> Priority:
    return priority(
        found.profile,
        found.design,
        frequency=found.request.frequency,
        years=covered_years(found.profile, found.design),
        as_of=found.as_of,
    )


def _column(found: Findings, column: ColumnProfile) -> dict[str, Any]:
    m = found.design.meaning(column.name)
    personal = found.design.personal.get(column.name, "")
    shown_in = [t.table for t in found.design.tables if column.name in (*t.dimensions, *t.counts, t.population)]
    few = column.values is not None and len(column.values) <= CATEGORIES_NAMED
    named = few and (m.is_dimension or bool(m.totals)) and (not personal or m.role in ("age", "time"))
    ranged = column.shown_range if not personal or m.role in ("age", "time") else ""
    return {
        "name": column.name,
        "type": column.type,
        "filled": column.filled if not 0 < column.blank < FEW_RECORDS else f"all but under {FEW_RECORDS}",
        "blank": column.blank if not 0 < column.blank < FEW_RECORDS else f"under {FEW_RECORDS}",
        "different_values": column.distinct,
        "exact": column.exact,
        "range": ranged if m.role != "none" else "",
        "categories": list(column.values or ()) if named and m.role != "age" else [],
        "cannot_be_read": column.unreadable,
        "looks_personal": personal,
        "role": m.role,
        "scores_as": m.variable,
        "reason": found.design.left_out.get(column.name) or m.reason,
        "question": m.question,
        "totals": list(m.totals),
        "shown_in": shown_in,
    }


def _table(found: Findings, trial: Trial) -> dict[str, Any]:
    table = found.declared.table(trial.table)
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
