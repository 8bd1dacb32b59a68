"""Tries a drafted declaration on the real figures: score, masking and coarser designs, as a refresh would come to them.

Everything true stays in the work area. What is told are counts of cells, scores and sentences; where the rules refuse, the
refusal's sentence, without the cells it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from include.opendata.advice import advise_table
from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import OpendataError
from include.opendata.gate.assessment import Assessment, assess
from include.opendata.gate.table_facts import table_facts
from include.opendata.identifiers import scan_source
from include.opendata.progress import report
from include.opendata.release.metadata.dictionary import describe_fields
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.tables import tabulate
from include.opendata.vocabulary import DataTable, ProtectedTable
from include.opendata.warehouse import Warehouse

AS_IF_PERMITTED = PermissionAnswers(
    individual_records=False,
    prohibited_by_law=False,
    originates_solely_in_program=True,
    sensitivities=(),
    mandate=True,
)
"""Stands in for the open answers while designs are compared; it is written nowhere."""


def _as_if_answered(declared: Dataset) -> Dataset:
    source = declared.source
    if source.record == "event" and source.records_per_person is None:
        source = source.model_copy(update={"records_per_person": "several"})
    return declared.model_copy(update={"permission": AS_IF_PERMITTED, "source": source})


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
    """One table. ``refusal``: why a part could not be worked out; empty where nothing was refused. ``advice``: the advisor's
    :class:`Advice` as plain values, or only its sentence and no proposals; None where the table needs no masking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    rows: int
    score: int | None
    lines: tuple[ScoreLine, ...]
    masking_required: bool
    condition: str
    masking: MaskingPreview | None
    advice: dict[str, object] | None
    refusal: str
    fields: tuple[tuple[str, ...], ...] = ()
    """The draft of the table's data dictionary: one row per published field."""

    @property
    def proposals(self) -> int:
        """How many coarser designs are proposed."""
        proposals = (self.advice or {}).get("proposals")
        return len(proposals) if isinstance(proposals, list | tuple) else 0


@dataclass(frozen=True)
class _TriedTable:
    """What was worked out of one table: its figures and assessment, or why there are none."""

    tabulated: DataTable | None = None
    assessment: Assessment | None = None
    refusal: str = ""


def score_and_mask(declared: Dataset, warehouse: Warehouse) -> tuple[tuple[Trial, ...], tuple[str, ...]]:
    """What each table would score and hide; and what the identifier scan would refuse. Raises what the scan raises."""
    tried: dict[str, _TriedTable] = {}
    for table in declared.tables:
        report(f"tabulate {table.table}")
        tried[table.table] = _tabulated(declared, table.table, warehouse)
    masking: dict[str, MaskingPreview] = {}
    if not any(table.refusal for table in tried.values()):
        report("protect")
        try:
            masking = _masking(declared, tried)
        except OpendataError as error:
            tried = {name: replace(table, refusal=_refusal(error)) for name, table in tried.items()}
    trials = tuple(_trial(declared, name, table, masking.get(name)) for name, table in tried.items())
    scan = scan_source(declared, warehouse)
    return trials, tuple(f"{finding.sentence} [{finding.section}]" for finding in scan.of("refuse"))


def advise(declared: Dataset, warehouse: Warehouse, trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
    """The same trials with the advisor's alternatives for the tables that must be masked."""
    permitted = _as_if_answered(declared)
    masked = {trial.table for trial in trials if trial.masking_required}
    advised = []
    for trial in trials:
        if not trial.masking_required or trial.refusal:
            advised.append(trial)
            continue
        report(f"advise {trial.table}")
        advice = _advice(permitted, trial.table, warehouse, others_masked=bool(masked - {trial.table}))
        advised.append(trial.model_copy(update={"advice": advice}))
    return tuple(advised)


def _tabulated(declared: Dataset, table: str, warehouse: Warehouse) -> _TriedTable:
    tabulated = None
    try:
        tabulated = tabulate(declared, table, warehouse)
        return _TriedTable(tabulated, assess(table_facts(declared, tabulated)))
    except OpendataError as error:
        return _TriedTable(tabulated, refusal=_refusal(error))


def _refusal(error: OpendataError) -> str:
    # Without its details: they name cells.
    return f"{error.what}. {error.remedy}"


def _advice(declared: Dataset, table: str, warehouse: Warehouse, *, others_masked: bool) -> dict[str, object]:
    try:
        tabulated = tabulate(declared, table, warehouse)
        return advise_table(declared, table, tabulated, warehouse, others_masked=others_masked).model_dump(mode="json")
    except OpendataError as error:
        return {"sentence": f"No coarser design was looked for: {error.what}.", "proposals": []}


def _masking(declared: Dataset, tried: Mapping[str, _TriedTable]) -> dict[str, MaskingPreview]:
    masked = any(table.assessment is not None and table.assessment.masking_required for table in tried.values())
    tabulated = [table.tabulated for table in tried.values() if table.tabulated is not None]
    protection = protect_and_attack(declared, tabulated, masked=masked)
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


def _trial(declared: Dataset, name: str, tried: _TriedTable, masking: MaskingPreview | None) -> Trial:
    assessed = tried.assessment
    score = assessed.score if assessed is not None else None
    return Trial(
        table=name,
        rows=len(tried.tabulated.frame) if tried.tabulated is not None else 0,
        score=score.total if score is not None else None,
        lines=tuple(
            ScoreLine(variable=c.variable, band=c.band, points=c.score, reason=c.reason, section=c.section)
            for c in (score.components if score is not None else ())
        ),
        masking_required=assessed is not None and assessed.masking_required,
        condition=_condition(assessed, declared.small_cell_rule),
        masking=masking,
        advice=None,
        refusal=tried.refusal,
        fields=_fields(declared, tried.tabulated, assessed),
    )


def _fields(declared: Dataset, tabulated: DataTable | None, assessed: Assessment | None) -> tuple[tuple[str, ...], ...]:
    """The dictionary of a table from its structure alone: no figure of it is looked at."""
    if tabulated is None or assessed is None:
        return ()
    shape = ProtectedTable(
        structure=tabulated.structure,
        annotation=declared.table(tabulated.structure.table).annotation,
        frame=tabulated.frame.head(0),
        masked=assessed.masking_required,
        small=0,
        complementary=0,
        unstable=0,
        cells=0,
        annotated_below=declared.small_cell_rule.below,
    )
    return tuple(field.row() for field in describe_fields(declared, shape))


def _condition(assessed: Assessment | None, rule: SmallCellRule) -> str:
    if assessed is None:
        return ""
    condition = assessed.condition
    small = f"{condition.small_cells:,} of {condition.cells:,} counts are {rule.words}"
    return f"{small}; the condition that calls for a closer look is {'met' if condition.met else 'not met'}."
