"""Tries a drafted declaration on the real figures: score, masking and coarser designs, as a refresh would come to them.

Everything true stays in the work area. What is told are counts of cells, scores and sentences; where the rules refuse, the
refusal's sentence, without the cells it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from include.opendata.advice import advise_table
from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import OpendataError
from include.opendata.gate.assessment import Assessment, assess
from include.opendata.gate.table_facts import table_facts
from include.opendata.identifiers import scan_source
from include.opendata.release.metadata.dictionary import describe_fields
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.tables import tabulate
from include.opendata.vocabulary import DataTable, ProtectedTable
from include.opendata.warehouse import Warehouse

Progress = Callable[[str], None]

AS_IF_PERMITTED = PermissionAnswers(
    individual_records=False,
    prohibited_by_law=False,
    originates_solely_in_program=True,
    sensitivities=(),
    mandate=True,
)
"""Stands in for the open answers while designs are compared; it is written nowhere."""


class ScoreLine(BaseModel):
    """One line of a publication score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variable: str
    band: str
    points: int
    reason: str
    section: str


class MaskingPreview(BaseModel):
    """What protection would hide, over all tables together, in cells of protected counts. ``share``: of ``cells``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cells: int
    small: int
    complementary: int
    share: float
    masked: bool


class Trial(BaseModel):
    """One table. ``refusal``: why a part could not be worked out; empty where nothing was refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    rows: int
    score: int | None
    lines: tuple[ScoreLine, ...]
    masking_required: bool
    condition: str
    masking: MaskingPreview | None
    advice: dict[str, Any] | None
    refusal: str
    fields: tuple[tuple[str, ...], ...] = ()
    """The draft of the table's data dictionary: one row per published field."""


def score_and_mask(
    declared: Dataset, warehouse: Warehouse, progress: Progress
) -> tuple[tuple[Trial, ...], tuple[str, ...]]:
    """What each table would score and hide; and what the identifier scan would refuse. Raises what tabulating raises."""
    tables: dict[str, DataTable] = {}
    assessments: dict[str, Assessment] = {}
    refusals: dict[str, str] = {}
    for table in declared.tables:
        progress(f"tabulate {table.table}")
        try:
            tables[table.table] = tabulate(declared, table.table, warehouse)
            assessments[table.table] = assess(table_facts(declared, tables[table.table]))
        except OpendataError as error:
            refusals[table.table] = f"{error.what}. {error.remedy}"
    masking: dict[str, MaskingPreview] = {}
    if not refusals:
        progress("protect")
        try:
            masking = _masking(declared, list(tables.values()), assessments)
        except OpendataError as error:
            refusals = dict.fromkeys(tables, f"{error.what}. {error.remedy}")
    trials = tuple(
        _trial(t.table, tables, assessments, masking, refusals).model_copy(
            update={"fields": _fields(declared, tables.get(t.table), assessments.get(t.table))}
        )
        for t in declared.tables
    )
    scan = scan_source(declared, warehouse)
    return trials, tuple(f"{finding.sentence} [{finding.section}]" for finding in scan.of("refuse"))


def advise(declared: Dataset, warehouse: Warehouse, trials: tuple[Trial, ...], progress: Progress) -> tuple[Trial, ...]:
    """The same trials with the advisor's alternatives for the tables that must be masked."""

    permitted = declared.model_copy(update={"permission": AS_IF_PERMITTED})
    found = []
    for trial in trials:
        if not trial.masking_required or trial.refusal:
            found.append(trial)
            continue
        progress(f"advise {trial.table}")
        others = any(other.masking_required for other in trials if other.table != trial.table)
        try:
            tabulated = tabulate(permitted, trial.table, warehouse)
            advice = advise_table(permitted, trial.table, tabulated, warehouse, others_masked=others)
            found.append(trial.model_copy(update={"advice": advice.model_dump(mode="json")}))
        except OpendataError as error:
            sentence = f"No coarser design was looked for: {error.what}."
            found.append(trial.model_copy(update={"advice": {"sentence": sentence, "proposals": []}}))
    return tuple(found)


def _masking(
    declared: Dataset, tables: list[DataTable], assessments: Mapping[str, Assessment]
) -> dict[str, MaskingPreview]:
    masked = any(assessment.masking_required for assessment in assessments.values())
    protection = protect_and_attack(declared, tables, masked=masked)
    return {
        t.structure.table: MaskingPreview(
            cells=t.cells,
            small=t.small,
            complementary=t.complementary,
            share=round((t.small + t.complementary + t.unstable) / t.cells, 3) if t.cells else 0.0,
            masked=t.masked,
        )
        for t in protection.tables
    }


def _trial(
    name: str,
    tables: Mapping[str, DataTable],
    assessments: Mapping[str, Assessment],
    masking: Mapping[str, MaskingPreview],
    refusals: Mapping[str, str],
) -> Trial:
    assessed = assessments.get(name)
    score = assessed.score if assessed is not None else None
    return Trial(
        table=name,
        rows=len(tables[name].frame) if name in tables else 0,
        score=score.total if score is not None else None,
        lines=tuple(
            ScoreLine(variable=c.variable, band=c.band, points=c.score, reason=c.reason, section=c.section)
            for c in (score.components if score is not None else ())
        ),
        masking_required=assessed is not None and assessed.masking_required,
        condition=_condition(assessed),
        masking=masking.get(name),
        advice=None,
        refusal=refusals.get(name, ""),
    )


def _fields(declared: Dataset, made: DataTable | None, assessed: Assessment | None) -> tuple[tuple[str, ...], ...]:
    """The dictionary of a table from its structure alone: no figure of it is looked at."""
    if made is None or assessed is None:
        return ()
    shape = ProtectedTable(
        structure=made.structure,
        annotation=declared.table(made.structure.table).annotation,
        frame=made.frame.head(0),
        masked=assessed.masking_required,
        small=0,
        complementary=0,
        unstable=0,
        cells=0,
        small_below=declared.small_below,
    )
    return tuple(field.row() for field in describe_fields(declared, shape))


def _condition(assessed: Assessment | None) -> str:
    if assessed is None:
        return ""
    found = assessed.condition
    small = f"{found.small_cells:,} of {found.cells:,} counts are from 1 to 10"
    return f"{small}; the condition that calls for a closer look is {'met' if found.met else 'not met'}."
