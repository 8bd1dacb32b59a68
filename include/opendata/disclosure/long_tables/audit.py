"""What an attacker can recover from a published table, ours or not.

Reads the published files alone, makes of them the view that a release is attacked by, and attacks it. Which totals there are is
taken from the caller and looked for in the figures; every verdict says under which totals it holds. What could change the
verdict and is not understood is refused.

Which annotation codes a table tells is read off it unless it is said: codes 1 and 2 both present are separate codes, one code
is the combined one, and is tried as "small" too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.opendata.disclosure.attack import (
    ABSENT,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    SHOWN,
    UNBOUNDED,
    UNDECIDED,
    AttackReport,
    CellFinding,
    GroupFinding,
    PublishedView,
    attack,
)
from include.opendata.disclosure.cell_states import BLANK, CODE_COMPLEMENTARY, CODE_SMALL, NOT_SHOWN
from include.opendata.disclosure.long_tables.contradictions import contradiction_error, differences
from include.opendata.disclosure.long_tables.equations import Cells, cells_of
from include.opendata.disclosure.long_tables.places import Places, places_of
from include.opendata.disclosure.long_tables.published_rows import Label, PublishedRows, published_rows, stated_low
from include.opendata.disclosure.long_tables.ratios import BesideCounts, beside_counts, bounds_of_shares, column_totals
from include.opendata.disclosure.long_tables.records import Records
from include.opendata.disclosure.long_tables.request import AuditRequest
from include.opendata.disclosure.long_tables.sums import (
    Sum,
    declared_sums,
    refuse_unnamed_running,
    refuse_unnamed_totals,
    stratum_sums,
    sums_in_figures,
)
from include.opendata.disclosure.long_tables.tokens import COMPLEMENTARY, NO_DATA, SMALL
from include.opendata.errors import DeclarationError, InputError
from include.opendata.vocabulary import Annotation

Progress = Callable[[str], None]


@dataclass(frozen=True, repr=False)
class Audit:
    """``view``: cells of the table first, then those that stand for differences of totals · ``sums``: the totals under which
    the verdict holds · ``assumed``: the annotation was read off the table · ``zeros_hidden``: no table agrees with the file
    unless blanks may be zero."""

    view: PublishedView
    report: AttackReport
    published: PublishedRows
    cells: Cells
    sums: tuple[Sum, ...]
    beside: BesideCounts
    annotation: Annotation
    assumed: bool
    zeros_hidden: bool

    @property
    def verdicts(self) -> dict[str, int]:
        """How many hidden counts of the file's rows have which verdict."""
        counted = Counter(f.verdict for f in self.report.cells if f.cell < self.cells.rows)
        missing = sum(row.figure.value is None for row in self.published.rows) - counted.total()
        counted[SAFE_WITNESS] += missing  # no data: it may be zero
        return {verdict: counted[verdict] for verdict in (SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED)}

    @property
    def failing_cells(self) -> tuple[CellFinding, ...]:
        """The cells that an attacker learns, or that were not decided; a hidden zero is no one's."""
        return tuple(
            finding
            for finding in self.report.cells
            if finding.verdict in (RECOVERABLE, UNDECIDED)
            and finding.cell < len(self.cells.labels)
            and finding.high > 0
        )

    @property
    def failing_groups(self) -> tuple[GroupFinding, ...]:
        """The hidden parts that add up to a small count."""
        equations = len(self.cells.equations)
        return tuple(
            group
            for group in self.report.groups
            if group.equation < equations and max(self.view.equations[group.equation][1]) < len(self.cells.labels)
        )

    @property
    def small_shown(self) -> tuple[int, ...]:
        """The rows whose count is small and shown."""
        largest = self.view.rule.largest
        return tuple(n for n, row in enumerate(self.published.rows) if 1 <= (row.figure.value or 0) <= largest)

    @property
    def hidden_and_shown(self) -> tuple[int, ...]:
        """The rows whose small count one file hides and another shows."""
        small = set(self.small_shown)
        return tuple(row for row in self.published.seen_elsewhere if row in small)

    @property
    def nothing_recovered(self) -> bool:
        """Whether no hidden count can be recovered, as far as all was decided."""
        return not (self.failing_cells or self.failing_groups or self.hidden_and_shown)


def audit_records(
    files: Sequence[Records],
    request: AuditRequest,
    *,
    seed: int = 0,
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Attack published files, read together. ``seconds``: what is open by then stays undecided.

    Raises DeclarationError, and InputError for what cannot be read or is not understood, or contradicts itself.
    """
    report = progress or _quiet
    published = published_rows(files, request)
    annotation, assumed = _annotation(published, request)
    report(f"looking for totals in {len(published.rows):,} rows")
    beside = beside_counts(published, request)
    sums = _sums(published, request, beside)
    report("linking the rows of totals with those of their parts")
    cells = cells_of(published, sums, request.running, absent_unknown=request.absent_unknown)
    places = places_of(published, cells, sums) if request.totals == "exact" and not request.tolerance else None
    reading = _Reading(published, cells, sums, beside, request, places)
    if not assumed:
        return reading.audited(annotation, False, seed, seconds, progress)
    if annotation == "separate":
        return reading.of_separate_codes(seed, seconds, progress)
    return reading.of_combined_code(seed, seconds, progress)


def _quiet(step: str) -> None:
    """Progress no one asked for."""


def _annotation(published: PublishedRows, request: AuditRequest) -> tuple[Annotation, bool]:
    """What the codes tell, and whether that was read off the table."""
    match request.annotation:
        case "separate" | "combined" as annotation:
            return annotation, False
        case None:
            return ("separate" if {SMALL, COMPLEMENTARY} <= _codes_at_blanks(published) else "combined"), True
        case _:
            raise DeclarationError(
                "the annotation is neither separate nor combined",
                remedy="Give --annotation separate or combined, or leave it out.",
                slug="bad-annotation",
            )


def _codes_at_blanks(published: PublishedRows) -> set[str]:
    figures = (row.figure for row in published.rows)
    return {figure.code for figure in figures if figure.value is None and (figure.low, figure.high) == (None, None)}


def _sums(published: PublishedRows, request: AuditRequest, beside: BesideCounts) -> list[Sum]:
    """The totals the caller names and those the figures show. Raises InputError where a label looks like another."""
    declared = declared_sums(published, request)
    if not request.search:
        return declared
    refuse_unnamed_running(published, request)
    in_figures = [*sums_in_figures(published, request), *_sums_to_columns(published, beside)]
    kept = [each for each in declared if not _replaced(published, each, in_figures, request, beside)]
    for each in declared:
        if each not in kept:
            in_figures += _strata_instead(published, each, in_figures, request, beside)
    known = {(each.columns, each.total, frozenset(each.parts)) for each in kept}
    kept += [each for each in in_figures if (each.columns, each.total, frozenset(each.parts)) not in known]
    refuse_unnamed_totals(published, kept, request)
    return kept


def _sums_to_columns(published: PublishedRows, beside: BesideCounts) -> Iterator[Sum]:
    """All labels of a dimension, where they add up to a column of denominators."""
    for total in column_totals(published, beside):
        labels = dict.fromkeys((row.labels[total.dimension],) for row in published.rows)
        yield Sum((published.dimensions[total.dimension],), (total.label,), tuple(labels), "figures")


def _replaced(
    published: PublishedRows, each: Sum, in_figures: Sequence[Sum], request: AuditRequest, beside: BesideCounts
) -> bool:
    """Whether a declared total cannot be the sum of all other labels, but is that of every stratum of them."""
    if each.origin != "declared" or _holds(published, [each], request, beside):
        return False
    (column,), (label,) = each.columns, each.total
    in_strata = any(
        column in other.columns and other.total[other.columns.index(column)] == label and other.columns != each.columns
        for other in in_figures
    )
    return in_strata or bool(_strata_instead(published, each, in_figures, request, beside))


def _strata_instead(
    published: PublishedRows, each: Sum, in_figures: Sequence[Sum], request: AuditRequest, beside: BesideCounts
) -> list[Sum]:
    """The strata of another column, or those the figures show and the labels they leave over."""
    ways = [*stratum_sums(published, each.columns[0], each.total[0])]
    inside = _parts_of(each, in_figures)
    left = tuple(part for part in each.parts if part not in inside)
    if inside and left:
        ways.append([Sum(each.columns, each.total, left, "strata")])
    return next((list(sums) for sums in ways if sums and _holds(published, sums, request, beside)), [])


def _parts_of(each: Sum, sums: Sequence[Sum]) -> set[Label]:
    """The parts that ``sums`` have of one's total."""
    total = (each.columns, each.total)
    return {part for other in sums if (other.columns, other.total) == total for part in other.parts}


def _holds(published: PublishedRows, sums: Sequence[Sum], request: AuditRequest, beside: BesideCounts) -> bool:
    """Whether no equation of ``sums`` is impossible by itself."""
    cells = cells_of(published, sums, absent_unknown=request.absent_unknown)
    reading = _Reading(published, cells, sums, beside, request)
    view = reading.view("combined", zeros_hidden=True)
    low, high = view.bounds()
    return not differences(view, low, high)


@dataclass(frozen=True, repr=False)
class _Reading:
    """A table with the totals it is read by."""

    published: PublishedRows
    cells: Cells
    sums: Sequence[Sum]
    beside: BesideCounts
    request: AuditRequest
    places: Places | None = None
    second_code_small: bool = False

    def of_separate_codes(self, seed: int, seconds: float | None, progress: Progress | None) -> Audit:
        """The attack where codes 1 and 2 are both there: 2 says that a count is not small, unless the totals contradict that;
        then it says nothing. Raises InputError for a contradiction."""
        try:
            return self.audited("separate", True, seed, seconds, progress)
        except InputError:
            return replace(self, second_code_small=True).audited("separate", True, seed, seconds, progress)

    def of_combined_code(self, seed: int, seconds: float | None, progress: Progress | None) -> Audit:
        """The attack where there is one code or none. One by itself may stand for both, or say small of every blank: the
        reading that gives more away counts. Raises InputError for a contradiction."""
        audit = self.audited("combined", True, seed, seconds, progress)
        if not audit.report.passed or _codes_at_blanks(self.published) != {SMALL}:
            return audit
        try:
            coded = self.audited("separate", True, seed, seconds, progress)
        except InputError:
            return audit  # not all blanks can be small, so the code stands for both
        return audit if coded.nothing_recovered else coded

    def audited(
        self, annotation: Annotation, assumed: bool, seed: int, seconds: float | None, progress: Progress | None
    ) -> Audit:
        """The attack; blanks are 1 or more where that is possible. Raises InputError for a contradiction."""
        view, zeros_hidden = self.view(annotation, zeros_hidden=False), False
        try:
            report = attack(view, seed=seed, seconds=seconds, progress=progress)
        except InputError:
            view, zeros_hidden = self.view(annotation, zeros_hidden=True), True
            try:
                report = attack(view, seed=seed, seconds=seconds, progress=progress)
            except InputError:
                low, high = view.bounds()
                raise contradiction_error(self.published, self.cells, view, self.sums, low, high) from None
        return Audit(
            view, report, self.published, self.cells, tuple(self.sums), self.beside, annotation, assumed, zeros_hidden
        )

    def view(self, annotation: Annotation, *, zeros_hidden: bool) -> PublishedView:
        """What the attack works on."""
        value, state, low, high = self._figures(annotation, zeros_hidden)
        for cell, least, most in bounds_of_shares(self.published, self.beside):
            if state[cell] != SHOWN:
                low[cell], high[cell] = max(low[cell], least), min(high[cell], most)
        if self.request.search:
            self._show_columns(value, state)
        equations = [(equation.total, equation.parts) for equation in self.cells.equations]
        self._show_sums(equations, value, state)
        view = PublishedView(
            value=value, state=state, equations=tuple(equations), keys=self.cells.labels, known_low=low, known_high=high,
            places=self.places, rule=self.request.rule,
            blanks_may_be_zero=zeros_hidden or bool((low[(state != SHOWN) & (state != ABSENT)] == 0).any()),
        )  # fmt: skip
        return _loosened(view, self.request)

    def _figures(
        self, annotation: Annotation, zeros_hidden: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Per cell the value, the state, and the least and the most that its row's figure says of it."""
        size = len(self.cells.labels)
        value, state = np.full(size, NOT_SHOWN), np.full(size, ABSENT, dtype=np.int8)
        low, high = np.zeros(size, dtype=np.int64), np.full(size, UNBOUNDED)
        for cell, row in enumerate(self.published.rows):
            figure = row.figure
            if figure.value is not None:
                value[cell], state[cell] = figure.value, SHOWN
                continue
            low[cell] = 0 if zeros_hidden and figure.low is None else stated_low(figure)
            high[cell] = UNBOUNDED if figure.high is None else figure.high
            state[cell] = _state(figure.code, annotation)
            if self.second_code_small and state[cell] == CODE_COMPLEMENTARY:
                state[cell] = BLANK
        return value, state, low, high

    def _show_columns(self, value: np.ndarray, state: np.ndarray) -> None:
        """Totals that stand in a column of denominators are shown, though no row is theirs."""
        for total in column_totals(self.published, self.beside):
            for cell in range(self.cells.rows, len(self.cells.labels)):
                labels = self.cells.labels[cell]
                if labels[total.dimension] == total.label:
                    counts = total.counts_at((*labels[: total.dimension], *labels[total.dimension + 1 :]))
                    if len(counts) == 1:
                        value[cell], state[cell] = counts.pop(), SHOWN

    @staticmethod
    def _show_sums(equations: Sequence[tuple[int, tuple[int, ...]]], value: np.ndarray, state: np.ndarray) -> None:
        """Totals that have no row but whose parts are all shown: everyone can add them up, they hide nothing."""
        changed = True
        while changed:
            changed = False
            for total, parts in equations:
                at = list(parts)
                if state[total] == ABSENT and (state[at] == SHOWN).all():
                    value[total], state[total], changed = value[at].sum(), SHOWN, True


def _state(code: str, annotation: Annotation) -> int:
    if code == NO_DATA:
        return ABSENT
    if annotation == "separate":
        return {SMALL: CODE_SMALL, COMPLEMENTARY: CODE_COMPLEMENTARY}.get(code, BLANK)
    return BLANK


def _loosened(view: PublishedView, request: AuditRequest) -> PublishedView:
    """``view`` with totals that may be more than their parts, or differ from them by a tolerance: by cells in no table."""
    if request.totals == "exact" and not request.tolerance:
        return view
    extra = _Extra(view.size)
    equations = list(extra.equations(view.equations, request))
    value = np.concatenate([view.value, np.array(extra.value, dtype=np.int64)])
    return replace(
        view, value=value, state=np.concatenate([view.state, np.where(value[view.size :] >= 0, SHOWN, ABSENT)]),
        equations=tuple(equations), keys=(*view.keys, *((name,) for name in extra.names)),
        known_low=np.concatenate([view.known_low, np.zeros(len(extra.value), dtype=np.int64)]),
        known_high=np.concatenate([view.known_high, np.array(extra.high, dtype=np.int64)]),
    )  # fmt: skip


class _Extra:
    """Cells that stand for differences: ``value`` (-1: not shown), ``high``, ``names``."""

    def __init__(self, size: int):
        self.size = size
        self.value: list[int] = []
        self.high: list[int] = []
        self.names: list[str] = []

    def add(self, name: str, *, value: int = int(NOT_SHOWN), high: int = int(UNBOUNDED)) -> int:
        self.names.append(name)
        self.value.append(value)
        self.high.append(high)
        return self.size + len(self.names) - 1

    def equations(
        self, given: Sequence[tuple[int, tuple[int, ...]]], request: AuditRequest
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """In the place of each equation the one that is loosened, and after all of them those of the new cells."""
        after: list[tuple[int, tuple[int, ...]]] = []
        for total, parts in given:
            beside = (self.add("in the total and in no part"),) if request.totals == "at-most" else ()
            if not request.tolerance:
                yield total, (*parts, *beside)
                continue
            # total + tolerance = parts + something from 0 to twice the tolerance
            both = self.add("a total and its tolerance")
            fixed = self.add("the tolerance", value=request.tolerance)
            off = self.add("a difference", high=2 * request.tolerance)
            yield both, (*parts, *beside, off)
            after.append((both, (total, fixed)))
        yield from after
