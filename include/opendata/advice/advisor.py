"""Tries coarser designs of a table that must be masked, on the data, and ranks those that would show more.

Every single coarsening is tried, then pairs of those that did not settle the matter by themselves, up to a fixed number: the
same table always gets the same advice. First come designs that need no masking of their own (a score of 12 or less, no small
count, or nothing left to hide), the most detailed before the coarser; then the others, those that hide fewest cells first, as
far as they show a larger share than the table does today.

A design is declared, tabulated, scored and protected as a refresh would do it, but not attacked, and by itself: a preview of
the changed declaration has the last word.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from include.opendata.advice.changes import changed, snippet
from include.opendata.advice.coarsenings import Coarsening, Kind, coarsenings
from include.opendata.advice.visibility import Hidden, How, Measured, Visibility, measure
from include.opendata.advice.wording import advice_sentence, in_words, proposal_sentence, remarks
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Table
from include.opendata.errors import OpendataError
from include.opendata.tables import tabulate
from include.opendata.vocabulary import DataTable
from include.opendata.warehouse import Warehouse

MOST_TRIED = 12
MOST_COUNTIES_WRITTEN = 1000

Progress = Callable[[str], None]


def in_silence(step: str) -> None:
    """The progress no one listens to."""


class Proposal(BaseModel):
    """One coarser design. ``change``: what to do. ``sentence``: that, and what it brings, ``remarks`` included. ``settles``: it
    needs no masking of its own, or hides nothing. ``yaml``: what to paste into the declaration. The other figures are those of
    :class:`Visibility`; ``cells_before`` is the table's own number of cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    kinds: tuple[Kind, ...]
    change: str
    sentence: str
    remarks: tuple[str, ...]
    settles: bool
    score: int | None
    masking_required: bool
    cells: int
    cells_before: int
    cells_shown_percent: int
    events_shown_percent: float | None
    hidden: Hidden
    how: How
    yaml: str


class NotPossible(BaseModel):
    """A design the declaration or the rules do not allow, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    why: str


class Advice(BaseModel):
    """The advice for one table, best proposal first. ``now`` None: it was not worked out, and ``sentence`` says why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    table: str
    sentence: str
    now: Visibility | None
    tried: int
    proposals: tuple[Proposal, ...]
    not_possible: tuple[NotPossible, ...] = ()


@dataclass(frozen=True)
class _Tried:
    changes: tuple[Coarsening, ...]
    table: Table
    measured: Measured

    @property
    def slug(self) -> str:
        return "+".join(change.slug for change in self.changes)

    @property
    def settles(self) -> bool:
        visibility = self.measured.visibility
        return not visibility.masking_required or visibility.hidden == "none"

    @property
    def rank(self) -> tuple[bool, int, int, int, str]:
        cells = self.measured.visibility.cells
        hidden = 0 if self.settles else self.measured.hidden_cells
        return not self.settles, hidden, -cells, len(self.changes), self.slug


def advise_table(
    dataset: Dataset,
    table_name: str,
    tabulated: DataTable,
    warehouse: Warehouse,
    *,
    others_masked: bool = False,
    most: int = MOST_TRIED,
    progress: Progress = in_silence,
) -> Advice:
    """What would show more of the table called ``table_name``. ``tabulated``: its true figures; ``warehouse``: its records.

    ``others_masked``: another table of the dataset must be masked. At most ``most`` designs are tried; ``progress`` is told of
    each. Raises KeyError for an undeclared table, Refused where the gate keeps the table itself back.
    """
    table = dataset.table(table_name)
    now = measure(_alone(dataset, table), tabulated, others_masked=others_masked)
    if not now.visibility.masking_required:
        return left_out(table_name, "This table needs no masking of its own, so nothing has to be coarser.")
    trial = _Trial(dataset, table, warehouse, others_masked, most, progress)
    if now.hidden_cells:
        trial.singles(tabulated)
        trial.pairs()
    better = sorted((design for design in trial.tried if _does_better(design, now)), key=lambda design: design.rank)
    return Advice(
        table=table_name,
        sentence=advice_sentence(
            now.visibility,
            high_risk=bool(table.high_risk_populations),
            proposals=len(better),
            tried=trial.attempts,
        ),
        now=now.visibility,
        tried=trial.attempts,
        proposals=tuple(_proposal(table, design, now) for design in better),
        not_possible=tuple(trial.not_possible),
    )


def left_out(table_name: str, why: str) -> Advice:
    """No advice for a table, and the reason in a sentence."""
    return Advice(table=table_name, sentence=why, now=None, tried=0, proposals=())


class _Trial:
    """The designs tried so far, and how many may still be."""

    def __init__(
        self, dataset: Dataset, table: Table, warehouse: Warehouse, others_masked: bool, most: int, progress: Progress
    ) -> None:
        self.dataset, self.table, self.warehouse = dataset, table, warehouse
        self.others_masked, self.most, self.progress = others_masked, most, progress
        self.attempts = 0
        self.tried: list[_Tried] = []
        self.not_possible: list[NotPossible] = []

    def singles(self, tabulated: DataTable) -> None:
        """Try every single coarsening."""
        columns = {column.name: column for column in self.dataset.source.columns}
        for change in coarsenings(self.table, columns, tabulated, self._written):
            self._try((change,))

    def pairs(self) -> None:
        """Try pairs of different dimensions, made of what helped most without settling the matter."""
        single = sorted((design for design in self.tried if not design.settles), key=lambda design: design.rank)
        couples = sorted(itertools.combinations(range(len(single)), 2), key=lambda couple: (sum(couple), couple))
        for a, b in couples:
            changes = (*single[a].changes, *single[b].changes)
            if changes[0].dimension != changes[1].dimension and self._leaves_a_dimension(changes):
                self._try(changes)

    def _leaves_a_dimension(self, changes: Sequence[Coarsening]) -> bool:
        return sum(change.replacement is None for change in changes) < len(self.table.dimensions)

    def _try(self, changes: tuple[Coarsening, ...]) -> None:
        if self.attempts >= self.most:
            return
        self.attempts += 1
        slug = "+".join(change.slug for change in changes)
        self.progress(f"{self.table.table}: design {self.attempts}, {slug}")
        try:
            coarser = changed(self.table, changes)
            alone = _alone(self.dataset, coarser)
            measured = measure(alone, tabulate(alone, coarser.table, self.warehouse), others_masked=self.others_masked)
        except OpendataError as error:
            self.not_possible.append(NotPossible(slug=slug, why=": ".join((error.what, *error.details))))
            return
        self.tried.append(_Tried(changes, coarser, measured))

    def _written(self, column: str) -> list[str]:
        """The different values of a column of county numbers."""
        written = self.warehouse.sql_table.c[column]
        rows = self.warehouse.rows(
            sa.select(written).distinct().order_by(written).limit(MOST_COUNTIES_WRITTEN),
            dataset=self.dataset.dataset,
            table=self.table.table,
        )
        return [str(row[0]) for row in rows if row[0] is not None]


def _alone(dataset: Dataset, table: Table) -> Dataset:
    return dataset.model_copy(update={"tables": [table]})


def _does_better(design: _Tried, now: Measured) -> bool:
    """No masking of its own, nothing hidden, or a share of cells that is larger in the whole percent people are told."""
    return design.settles or design.measured.visibility.cells_shown_percent > now.visibility.cells_shown_percent


def _proposal(table: Table, design: _Tried, now: Measured) -> Proposal:
    then = design.measured.visibility
    return Proposal(
        slug=design.slug,
        kinds=tuple(change.kind for change in design.changes),
        change=in_words(design.changes),
        sentence=proposal_sentence(design.changes, now.visibility, then),
        remarks=remarks(then),
        settles=design.settles,
        score=then.score,
        masking_required=then.masking_required,
        cells=then.cells,
        cells_before=now.visibility.cells,
        cells_shown_percent=then.cells_shown_percent,
        events_shown_percent=then.events_shown_percent,
        hidden=then.hidden,
        how=then.how,
        yaml=snippet(table, design.table, design.changes),
    )
