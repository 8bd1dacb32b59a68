"""``bin/opendata audit``: what a stranger can recover from a published table, ours or not.

Reads the published file alone, makes of it what the attack works on, and says what the attack found. The user owns the
table, so recovered intervals are shown on standard output (and nowhere else). Which annotation codes a table tells is read
off it unless it is said: codes 1 and 2 both present are separate codes, one code is the combined one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from include.opendata.cli.long_table import BLANK_TEXTS, LongTable, read_long_table
from include.opendata.disclosure.attack import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    SHOWN,
    UNBOUNDED,
    UNDECIDED,
    AttackReport,
    PublishedView,
    attack,
    rate_bounds,
)
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX

CODES = {"": "", "0": "", "1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "S": "1", "C": "2"}
NAMED_AT_MOST = 50


@dataclass(frozen=True)
class Ratio:
    """A published rate per ``per`` of the denominator, rounded to ``decimals``."""

    column: str
    per: int
    decimals: int

    @classmethod
    def parse(cls, given: str) -> Ratio:
        """``COL:PER:DECIMALS``."""
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
    hierarchies: tuple[str, ...] = ()
    annotation: str | None = None
    annotation_column: str | None = None
    denominator: str | None = None
    rates: tuple[str, ...] = ()
    absent_unknown: bool = False
    rule: SmallCellRule = field(default_factory=lambda: thresholds().small_cell)


@dataclass(frozen=True)
class Audit:
    """``assumed``: the annotation was read off the table · ``shown_small``: counts under the threshold that are shown."""

    view: PublishedView
    report: AttackReport
    table: LongTable
    annotation: str
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
    progress: Callable[[str], None] | None = None,
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
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Attack a table that was read."""
    if request.annotation not in (None, "separate", "combined"):
        raise DeclarationError(
            "the annotation is neither separate nor combined",
            remedy="Give --annotation separate or combined, or leave it out.", slug="bad-annotation",
        )  # fmt: skip
    view, annotation = published_view(table, request)
    report = attack(view, seed=seed, seconds=seconds, progress=progress)
    if request.annotation is None and annotation == "combined" and report.passed and _one_code(table, request):
        # code 1 by itself may stand for both, or say small of every blank: the reading that gives more away counts
        coded, _ = published_view(table, replace(request, annotation="separate"))
        try:
            told = attack(coded, seed=seed, seconds=seconds, progress=progress)
        except InputError:
            told = report  # not all blanks can be small, so the code stands for both
        if not told.passed:
            view, annotation, report = coded, "separate", told
    small = (view.state == SHOWN) & (view.value > 0) & (view.value < request.rule.below)
    return Audit(view, report, table, annotation, request.annotation is None, int(small.sum()))


def _one_code(table: LongTable, request: AuditRequest) -> bool:
    """Whether code 1 stands at every blank, so that nothing tells what it means."""
    blank = [table.count(request.count, text, k) is None for k, text in enumerate(table.column(request.count))]
    return {code for code, hidden in zip(_codes(table, request), blank, strict=True) if hidden} == {"1"}


def published_view(table: LongTable, request: AuditRequest) -> tuple[PublishedView, str]:
    """What the attack works on, and the annotation the table is read by."""
    counts = [table.count(request.count, text, k) for k, text in enumerate(table.column(request.count))]
    codes = _codes(table, request)
    told = {code for code, count in zip(codes, counts, strict=True) if count is None}
    annotation = request.annotation or ("separate" if {"1", "2"} <= told else "combined")
    size = int(np.prod(table.shape))
    value = np.full(size, NOT_SHOWN, dtype=np.int64)
    state = np.full(size, ABSENT, dtype=np.int8)
    if not request.absent_unknown:
        value[table.leaf], state[table.leaf] = 0, SHOWN
    meaning = {"1": CODE_SMALL, "2": CODE_COMPLEMENTARY} if annotation == "separate" else {}
    for cell, count, code in zip(table.cell.tolist(), counts, codes, strict=True):
        value[cell] = NOT_SHOWN if count is None else count
        if count is not None:
            state[cell] = SHOWN
        else:
            # no data, unstable, incomplete: nothing follows, not even that it is not zero
            state[cell] = ABSENT if code in ("3", "4", "5") else meaning.get(code, BLANK)
    _add_up(table, value, state)
    low, high = _public_bounds(table, request, counts, size)
    hidden = state != SHOWN
    view = PublishedView(
        value=value, state=state, equations=table.equations(), keys=table.names(),
        known_low=np.where(hidden, low, 0), known_high=np.where(hidden, high, UNBOUNDED),
        rule=request.rule, places=table.places(),
    )  # fmt: skip
    return view, annotation


def _codes(table: LongTable, request: AuditRequest) -> list[str]:
    """Per row the annotation code, as text; "" for none."""
    texts = table.column(request.count)
    codes = [BLANK_TEXTS.get(text, "") for text in texts]
    column = request.annotation_column or request.count + ANNOTATION_SUFFIX
    if request.annotation_column or column in table.header:
        for k, text in enumerate(table.column(column)):
            if text not in CODES:
                raise table.problem("no annotation code (0 to 5, S or C)", column, k, "annotation-unreadable")
            codes[k] = CODES[text] or codes[k]
    return codes


def _add_up(table: LongTable, value: np.ndarray, state: np.ndarray) -> None:
    """Totals that have no row but whose parts are all shown: everyone can add them up, they hide nothing."""
    values, states = value.reshape(table.shape), state.reshape(table.shape)
    for axis, dimension in enumerate(table.dimensions):
        front, known = np.moveaxis(values, axis, 0), np.moveaxis(states, axis, 0)
        for node in sorted(set(dimension.parent.tolist()) - {-1}):
            parts = np.flatnonzero(dimension.parent == node)
            plain = (known[node] == ABSENT) & (known[parts] == SHOWN).all(axis=0)
            front[node] = np.where(plain, front[parts].sum(axis=0), front[node])
            known[node] = np.where(plain, SHOWN, known[node])


def _public_bounds(
    table: LongTable, request: AuditRequest, counts: Sequence[int | None], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """What rates and denominators that are shown beside a blank say of it."""
    low, high = np.zeros(size, dtype=np.int64), np.full(size, UNBOUNDED)
    if request.rates and not request.denominator:
        raise DeclarationError(
            "a rate is named without its denominator",
            remedy="Name the column with --denominator.", slug="rate-without-denominator",
            place=Place(file=table.file),
        )  # fmt: skip
    if not request.denominator:
        return low, high
    name = request.denominator
    below = [table.count(name, text, k) for k, text in enumerate(table.column(name))]
    # a count is at most its denominator, unless the table shows that it need not be
    pairs = zip(counts, below, strict=True)
    share = all(count <= under for count, under in pairs if count is not None and under is not None)
    for k, (count, under) in enumerate(zip(counts, below, strict=True)):
        if count is None and under is not None and share:
            high[table.cell[k]] = under
    for ratio in map(Ratio.parse, request.rates):
        for k, text in enumerate(table.column(ratio.column)):
            under = below[k]
            if counts[k] is not None or under is None or text in BLANK_TEXTS:
                continue
            number = text.removesuffix("%").replace(",", "").strip()
            if not number.replace(".", "", 1).isdecimal():
                raise table.problem("neither a rate nor a blank", ratio.column, k, "rate-unreadable")
            least, most = rate_bounds(number, under, ratio.per, ratio.decimals)
            cell = table.cell[k]
            low[cell], high[cell] = max(low[cell], least), min(high[cell], most)
    if (low > high).any():
        raise InputError(
            "rates and denominators contradict each other",
            remedy="Check PER and DECIMALS of --rate.", slug="published-figures-contradict",
            place=Place(file=table.file),
        )  # fmt: skip
    return low, high


def audit_answer(audit: Audit) -> dict[str, Any]:
    """The audit for programs."""
    figures, verdicts = audit.report.figures, audit.blanks
    names = [d.column for d in audit.table.dimensions]
    cells = []
    for found in audit.report.cells:
        one: dict[str, Any] = {"cell": dict(zip(names, audit.view.keys[found.cell], strict=True))}
        one["verdict"] = found.verdict
        if found.verdict == RECOVERABLE:
            one |= {"low": found.low, "high": found.high}
        if found.sentence:
            one["sentence"] = found.sentence
        cells.append(one)
    return {
        "passed": audit.report.passed,
        "annotation": audit.annotation,
        "annotation_assumed": audit.assumed,
        "threshold": audit.view.rule.below,
        "min_width": audit.view.rule.width,
        "blanks": figures["blanks"],
        "verdicts": verdicts,
        "failing_groups": figures["failing_groups"],
        "failing_totals_not_published": figures["failing_absent"],
        "small_counts_shown": audit.shown_small,
        "seed": audit.report.seed,
        "cells": cells,
        "groups": [{"verdict": g.verdict, "sentence": g.sentence} for g in audit.report.groups],
    }


def audit_lines(audit: Audit) -> list[str]:
    """The audit for people: what was assumed, what was found, and what an attacker would write."""
    figures, verdicts, view = audit.report.figures, audit.blanks, audit.view
    read = "the codes of the table" if audit.assumed else "as you said"
    if audit.assumed and audit.annotation == "separate" and not (view.state == CODE_COMPLEMENTARY).any():
        read = f"code 1 may say 1 to {view.rule.largest}; where it stands for all blanks, say --annotation combined"
    lines = [
        f"{audit.table.file}: {len(audit.table.rows):,} rows, {figures['blanks']:,} blanks",
        f"  annotation: {audit.annotation} ({read})",
        f"  proven safe by two tables nobody can tell apart: {verdicts[SAFE_WITNESS]:,}",
        f"  proven safe because it is certainly {view.rule.below} or more: {verdicts[SAFE_LP]:,}",
        f"  recoverable: {verdicts[RECOVERABLE]:,}",
        f"  undecided: {verdicts[UNDECIDED]:,}",
    ]
    if figures["failing_groups"] or figures["failing_absent"]:
        lines.append(
            f"  groups whose hidden parts add up to a small count: {figures['failing_groups']:,}; "
            f"totals in no row that are narrowed down: {figures['failing_absent']:,}"
        )
    if audit.shown_small:
        lines.append(f"  counts from 1 to {view.rule.largest} that are shown: {audit.shown_small:,}")
    said = [
        f"{found.sentence} {_interval(found.low, found.high)}".strip()
        for found in audit.report.cells
        if found.verdict in (RECOVERABLE, UNDECIDED)
    ]
    said += [group.sentence for group in audit.report.groups]
    if said:
        lines += ["", "What an attacker would write:"]
        lines += [f"  {sentence}" for sentence in said[:NAMED_AT_MOST]]
        if len(said) > NAMED_AT_MOST:
            lines.append(f"  … and {len(said) - NAMED_AT_MOST:,} more; --json lists all.")
    end = "No hidden count can be recovered." if audit.report.passed else "Do not publish this table as it is."
    return [*lines, "", end]


def _interval(low: int, high: int) -> str:
    if low == high:
        return f"It is {low}."
    return f"It is {low} or more." if high >= UNBOUNDED else f"It is from {low} to {high}."
