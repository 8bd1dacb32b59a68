"""What an attacker can recover from a published table, ours or not.

Reads the published file alone, makes of it the view that a release is attacked by, and attacks it. Which annotation codes a
table tells is read off it unless it is said: codes 1 and 2 both present are separate codes, one code is the combined one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from include.opendata.disclosure.attack import (
    ABSENT,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    SHOWN,
    UNBOUNDED,
    UNDECIDED,
    AttackReport,
    PublishedView,
    attack,
)
from include.opendata.disclosure.attack.published import published_view
from include.opendata.disclosure.cells import LinkedCells
from include.opendata.disclosure.long_tables.reading import read_long_table
from include.opendata.disclosure.long_tables.table import BLANK_TEXTS, LongTable
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX, Annotation, ProtectedTable, Structure, TableMeasure

CODES = {"": "", "0": "", "1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "S": "1", "C": "2"}
TELL_NOTHING = {"3", "4", "5"}
"""No data, unstable, incomplete: nothing follows of such a blank, not even that it is not zero."""

TABLE, COUNT, DENOMINATOR = "table", "count", "denominator"
"""What the table and its measures are called in the structure that is made of it."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Ratio:
    """A published rate per ``per`` of the denominator, rounded to ``decimals``."""

    column: str
    per: int
    decimals: int

    @classmethod
    def parse(cls, given: str) -> Ratio:
        """``COL:PER:DECIMALS``. Raises DeclarationError (``bad-rate``)."""
        column, _, rest = given.rpartition(":")
        column, _, per = column.rpartition(":")
        if not column or not per.isdecimal() or not int(per) or not rest.isdecimal():
            raise DeclarationError(
                "a rate is not given as COL:PER:DECIMALS",
                remedy='For a percentage with two decimals: --rate "Share:100:2".',
                slug="bad-rate",
            )
        return cls(column, int(per), int(rest))


@dataclass(frozen=True)
class AuditRequest:
    """What to read a published table by; see ``bin/opendata audit --help``."""

    count: str
    dimensions: tuple[str, ...]
    rule: SmallCellRule
    hierarchies: tuple[str, ...] = ()
    annotation: str | None = None
    annotation_column: str | None = None
    denominator: str | None = None
    rates: tuple[str, ...] = ()
    absent_unknown: bool = False


@dataclass(frozen=True)
class Audit:
    """``assumed``: the annotation was read off the table · ``shown_small``: small counts that are shown."""

    view: PublishedView
    report: AttackReport
    table: LongTable
    annotation: Annotation
    assumed: bool
    shown_small: int

    @property
    def blanks(self) -> dict[str, int]:
        """How many blanks have which verdict."""
        counted = Counter(f.verdict for f in self.report.cells if self.view.blank[f.cell])
        return {verdict: counted[verdict] for verdict in (SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED)}


def audit_file(
    path: Path,
    request: AuditRequest,
    *,
    seed: int = 0,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Attack a published file. Raises InputError and DeclarationError."""
    table = read_long_table(path, request.dimensions, request.hierarchies, unseen=request.absent_unknown)
    return audit_table(table, request, seed=seed, seconds=seconds, progress=progress)


def audit_table(
    table: LongTable,
    request: AuditRequest,
    *,
    seed: int = 0,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Attack a table that was read; ``seconds``: what is open by then stays undecided. Raises as :func:`audit_file`."""
    frame = _frame(table, request)
    annotation, assumed = _annotation(frame, request)
    view = _view(table, frame, annotation, request)
    report = attack(view, seed=seed, seconds=seconds, progress=progress)
    if assumed and annotation == "combined" and report.passed and _codes_at_blanks(frame) == {"1"}:
        # code 1 by itself may stand for both, or say small of every blank: the reading that gives more away counts
        coded = _view(table, frame, "separate", request)
        try:
            coded_report = attack(coded, seed=seed, seconds=seconds, progress=progress)
        except InputError:
            coded_report = report  # not all blanks can be small, so the code stands for both
        if not coded_report.passed:
            view, annotation, report = coded, "separate", coded_report
    small = (view.state == SHOWN) & (view.value > 0) & (view.value <= request.rule.largest)
    return Audit(view, report, table, annotation, assumed, int(small.sum()))


def _annotation(frame: pd.DataFrame, request: AuditRequest) -> tuple[Annotation, bool]:
    """What the codes tell, and whether that was read off the table."""
    match request.annotation:
        case "separate" | "combined" as annotation:
            return annotation, False
        case None:
            return ("separate" if {"1", "2"} <= _codes_at_blanks(frame) else "combined"), True
        case _:
            raise DeclarationError(
                "the annotation is neither separate nor combined",
                remedy="Give --annotation separate or combined, or leave it out.",
                slug="bad-annotation",
            )


def _codes_at_blanks(frame: pd.DataFrame) -> set[str]:
    return set(frame.loc[frame[COUNT].isna(), COUNT + ANNOTATION_SUFFIX])


def _view(table: LongTable, frame: pd.DataFrame, annotation: Annotation, request: AuditRequest) -> PublishedView:
    """What the attack works on."""
    cells = _linked_cells(table, absent_unknown=request.absent_unknown)
    published = ProtectedTable(
        _structure(request), annotation, frame, masked=True, small=0, complementary=0, unstable=0, cells=len(frame),
        annotated_below=request.rule.below,
    )  # fmt: skip
    view = published_view(cells, [published], rule=request.rule, dataset="")
    value, state = view.value.copy(), view.state.copy()
    blank = frame[COUNT].isna()
    state[table.cell[blank & frame[COUNT + ANNOTATION_SUFFIX].isin(TELL_NOTHING)]] = ABSENT
    _show_sums(table, value, state)
    assert view.known_low is not None
    assert view.known_high is not None
    high = np.minimum(view.known_high, _at_most(table, frame))
    _refuse_contradiction(table, view.known_low, high)
    hidden = state != SHOWN
    return replace(
        view, value=value, state=state, keys=table.names(), known_low=np.where(hidden, view.known_low, 0),
        known_high=np.where(hidden, high, UNBOUNDED),
    )  # fmt: skip


def _linked_cells(table: LongTable, *, absent_unknown: bool) -> LinkedCells:
    """The table's cells as those of linked tables: what has a row is published, and so is what is known to be zero."""
    names = tuple(", ".join(labels) for labels in table.names())
    published = np.zeros(len(names), dtype=bool) if absent_unknown else table.leaf.copy()
    published[table.cell] = True
    return LinkedCells(
        identity=COUNT,
        columns=tuple(dimension.column for dimension in table.dimensions),
        keys=table.places(),
        published=published,
        equations=table.equations(),
        rows={(TABLE, COUNT): table.cell},
        level=np.zeros(len(names), dtype=np.int64),
        least_interesting=np.zeros(len(names), dtype=bool),
        neighbours=((),) * len(names),
        names=names,
    )


def _structure(request: AuditRequest) -> Structure:
    measures = [TableMeasure(COUNT, "count", COUNT, additive=True)]
    if request.denominator:
        measures.append(TableMeasure(DENOMINATOR, "population", DENOMINATOR, additive=True))
    for number, ratio in enumerate(map(Ratio.parse, request.rates)):
        name = _rate_name(number)
        measures.append(
            TableMeasure(
                name, "rate", name, additive=False, numerator=COUNT, denominator=DENOMINATOR, per=ratio.per,
                decimals=ratio.decimals,
            )
        )  # fmt: skip
    return Structure(TABLE, (), tuple(measures))


def _rate_name(number: int) -> str:
    return f"rate {number}"


def _frame(table: LongTable, request: AuditRequest) -> pd.DataFrame:
    """The table's figures: count and denominator (Int64), the count's annotation code (text), rates (text, as published)."""
    if request.rates and not request.denominator:
        raise DeclarationError(
            "a rate is named without its denominator",
            remedy="Name the column with --denominator.",
            slug="rate-without-denominator",
            place=Place(file=table.file),
        )
    counts = table.counts(request.count)
    frame = pd.DataFrame({COUNT: pd.array(counts, dtype="Int64")})
    frame[COUNT + ANNOTATION_SUFFIX] = _codes(table, request)
    if request.denominator:
        frame[DENOMINATOR] = pd.array(table.counts(request.denominator), dtype="Int64")
        wanted = (frame[COUNT].isna() & frame[DENOMINATOR].notna()).tolist()
        for number, ratio in enumerate(map(Ratio.parse, request.rates)):
            frame[_rate_name(number)] = pd.array(_rates(table, ratio, wanted), dtype="object")
    return frame


def _codes(table: LongTable, request: AuditRequest) -> list[str]:
    """Per row the annotation code, as text; "" for none."""
    codes = [BLANK_TEXTS.get(text, "") for text in table.column(request.count)]
    column = request.annotation_column or request.count + ANNOTATION_SUFFIX
    if not request.annotation_column and column not in table.header:
        return codes
    for row, text in enumerate(table.column(column)):
        if text not in CODES:
            raise table.problem("no annotation code (0 to 5, S or C)", column, row, "annotation-unreadable")
        codes[row] = CODES[text] or codes[row]
    return codes


def _rates(table: LongTable, ratio: Ratio, wanted: list[bool]) -> list[str | None]:
    """The rates on the rows that are ``wanted``, exactly as they are published; None elsewhere and for a blank."""
    rates: list[str | None] = []
    for row, text in enumerate(table.column(ratio.column)):
        number = text.removesuffix("%").replace(",", "").strip()
        if not wanted[row] or text in BLANK_TEXTS:
            rates.append(None)
        elif number.replace(".", "", 1).isdecimal():
            rates.append(number)
        else:
            raise table.problem("neither a rate nor a blank", ratio.column, row, "rate-unreadable")
    return rates


def _at_most(table: LongTable, frame: pd.DataFrame) -> np.ndarray:
    """int64[cells]: a blank is at most its denominator, unless the table shows that a count need not be."""
    high = np.full(len(table.leaf), UNBOUNDED)
    if DENOMINATOR not in frame:
        return high
    both = frame[COUNT].notna() & frame[DENOMINATOR].notna()
    if (frame.loc[both, COUNT] <= frame.loc[both, DENOMINATOR]).all():
        bounded = frame[COUNT].isna() & frame[DENOMINATOR].notna()
        high[table.cell[bounded]] = frame.loc[bounded, DENOMINATOR].to_numpy(dtype=np.int64)
    return high


def _refuse_contradiction(table: LongTable, low: np.ndarray, high: np.ndarray) -> None:
    if (low > high).any():
        raise InputError(
            "rates and denominators contradict each other",
            remedy="Check PER and DECIMALS of --rate.",
            slug="published-figures-contradict",
            place=Place(file=table.file),
        )


def _show_sums(table: LongTable, value: np.ndarray, state: np.ndarray) -> None:
    """Totals that have no row but whose parts are all shown: everyone can add them up, they hide nothing."""
    values, states = value.reshape(table.shape), state.reshape(table.shape)
    for axis, dimension in enumerate(table.dimensions):
        front, known = np.moveaxis(values, axis, 0), np.moveaxis(states, axis, 0)
        for node in dimension.sums:
            parts = dimension.parts(node)
            plain = (known[node] == ABSENT) & (known[parts] == SHOWN).all(axis=0)
            front[node] = np.where(plain, front[parts].sum(axis=0), front[node])
            known[node] = np.where(plain, SHOWN, known[node])
