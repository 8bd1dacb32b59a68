"""What a refresh mechanism asks of the rest of a declaration: only what can be merged truly may be declared.

Rows are merged from what was counted before, never from records: those are gone. So a total over what is merged must be
the sum of its parts, and all tables of a dataset must go on speaking of the same records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency

_PERIODS = {
    None: r"^\d{1,4}$",
    "year": r"^\d{4}$",
    "half_year": r"^\d{4}-H[12]$",
    "quarter": r"^\d{4}-Q[1-4]$",
    "month": r"^\d{4}-(0[1-9]|1[0-2])$",
}
MONTHS_IN = {None: 12, "year": 12, "half_year": 6, "quarter": 3, "month": 1}
"""Months of one period."""


def refresh_inconsistencies(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """Everything about how ``table`` is refreshed, and its tolerances, that does not fit."""
    yield from _tolerances(table, (*at, "tolerances"))
    at = (*at, "refresh")
    refresh = table.refresh
    if not refresh.merges:
        if refresh.key is not None or refresh.remove is not None:
            yield _no(at, "a table that is replaced needs no `key` and no `remove`; take records out with `filter`")
        return
    names = [d.name for d in table.dimensions]
    named = [*(refresh.key or []), *([refresh.remove.dimension] if refresh.remove else [])]
    if unknown := next((name for name in named if name not in names), None):
        yield _no(at, f"there is no dimension called {unknown!r}", ", ".join(names))
        return
    yield from _merged(dataset, table, at)


def _merged(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """What does not fit in a table that is merged with what is published."""
    refresh = table.refresh
    if table.masking == "whole_percentages":
        yield _no(at, "a table of whole percentages is replaced: no count of it is kept")
    if any(d.attributes for d in table.dimensions):
        yield _no(at, "a table with `attributes` is replaced: they are read from the records of one extract")
    yield from _figures(table, at)
    yield from _removal(dataset, table, at)
    if refresh.mechanism == "delete" and refresh.remove is None and table.absent_combinations == "zero":
        yield _no(at, "rows that are deleted would be published as zeros; declare `absent_combinations: omit`")
    yield from _beside(dataset, table, at)


def key_of(table: t.Table) -> tuple[str, ...]:
    """The dimensions that name what a mechanism adds, replaces or removes, in the table's order."""
    return tuple(d.name for d in table.dimensions if table.refresh.key is None or d.name in table.refresh.key)


def merged_over(table: t.Table) -> tuple[str, ...]:
    """The dimensions whose totals must be added up again after a merge, in the table's order: the key and the rule's time."""
    rule = table.refresh.remove
    if table.refresh.mechanism == "delete" and rule is not None:
        return (rule.dimension,)
    key = key_of(table)
    return tuple(d.name for d in table.dimensions if d.name in key or (rule is not None and d.name == rule.dimension))


def made_alike(one: t.Dimension, other: t.Dimension) -> bool:
    """Whether two dimensions sort the same source column into the same categories."""
    facts = ("column", "labels", "recode", "bins", "period", "standard", "missing")
    return all(getattr(one, fact) == getattr(other, fact) for fact in facts)


def _figures(table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """A total over what is merged is added up, so only what adds up may have one."""
    distinct = {m.name for m in table.measures if isinstance(m, t.CountDistinctMeasure)}
    over = [name for name in merged_over(table) if table.dimension(name).total is not None]
    if over:
        yield from _not_added_up(table, distinct, over, at)
    yield from _unknown_totals(table, distinct, at)


def _not_added_up(table: t.Table, distinct: set[str], over: list[str], at: FieldPath) -> Iterator[Inconsistency]:
    with_persons = {m.name for m in table.measures if t.names_persons_behind(m)}
    for measure in table.measures:
        if measure.name in distinct | with_persons:
            figure = f"the persons behind {measure.name}" if measure.name in with_persons else measure.name
            yield _no(
                at,
                f"{figure} cannot be added up over {', '.join(over)}: a person may be in two extracts; leave out the "
                "`total`, give a `key` without these dimensions, or replace the table",
            )


def _unknown_totals(table: t.Table, distinct: set[str], at: FieldPath) -> Iterator[Inconsistency]:
    measures = {measure.name: measure for measure in table.measures}
    for expected in table.expected_totals:
        measure = measures.get(expected.measure)
        parts = {getattr(measure, part, None) for part in ("name", "numerator", "denominator", "base")}
        if parts & distinct:
            yield _no(
                at, f"{expected.measure} over the whole table is not known after a merge; it can have no expected total"
            )


def _removal(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    rule = table.refresh.remove
    if rule is None:
        return
    at = (*at, "remove")
    dimension = table.dimension(rule.dimension)
    if dimension.period is None and not _are_years(dataset, dimension):
        yield _no(at, "rows go by a period: a date cut with `period`, or years as they are")
    elif rule.before is not None and not re.match(_PERIODS[dimension.period], rule.before):
        yield _no(at, f"{rule.before!r} is not a period as {dimension.name} publishes it")
    elif rule.older_than is not None and (rule.months == 0 or rule.months % MONTHS_IN[dimension.period]):
        yield _no(at, f"{rule.older_than} is not a number of whole periods of {dimension.name}")


def _are_years(dataset: Dataset, dimension: t.Dimension) -> bool:
    """Whether the categories are whole numbers of the source as they are, and none is listed in advance."""
    ways = (dimension.labels, dimension.recode, dimension.bins, dimension.standard)
    column = next((c for c in dataset.source.columns if c.name == dimension.column), None)
    if column is None or any(ways):
        return False
    return column.type == "integer" and not isinstance(column.valid_values, list)


def _beside(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """Tables of one dataset share cells: a count in one is the same count in another, so they keep the same records."""
    for other in dataset.tables:
        if other.table == table.table:
            continue
        if not other.refresh.merges:
            if table.refresh.mechanism == "delete":
                yield _no(at, f"{other.table} is replaced, but this extract says what to remove, not what there is")
            continue
        if other.refresh.mechanism != table.refresh.mechanism:
            yield _no(at, f"{other.table} is refreshed by {other.refresh.mechanism}; tables of one dataset share cells")
            return
        by_key = table.refresh.mechanism in ("update", "delete")
        if by_key and not (_same_key(table, other) and table.filter == other.filter):
            yield _no(at, f"{other.table} has another key or filter, so that other records of it would stay")
            return
        if not _same_rule(table, other):
            yield _no(at, f"{other.table} has another rule for what is removed; tables of one dataset share cells")
            return


def _same_key(table: t.Table, other: t.Table) -> bool:
    ours = {table.dimension(name).column: table.dimension(name) for name in key_of(table)}
    theirs = {other.dimension(name).column: other.dimension(name) for name in key_of(other)}
    return set(ours) == set(theirs) and all(made_alike(ours[column], theirs[column]) for column in ours)


def _same_rule(table: t.Table, other: t.Table) -> bool:
    ours, theirs = table.refresh.remove, other.refresh.remove
    if ours is None or theirs is None:
        return ours is theirs
    names = [d.name for d in other.dimensions]
    return (
        theirs.dimension in names
        and (ours.before, ours.older_than) == (theirs.before, theirs.older_than)
        and made_alike(table.dimension(ours.dimension), other.dimension(theirs.dimension))
    )


def _tolerances(table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    measures = [m.name for m in table.published_measures]
    for index, tolerance in enumerate(table.tolerances):
        if tolerance.measure is None:
            continue
        if tolerance.measure not in measures:
            yield _no((*at, index, "measure"), f"no measure {tolerance.measure!r} is published", ", ".join(measures))
        yield from _by(table, tolerance.by, (*at, index, "by"))


def _by(table: t.Table, by: list[str], at: FieldPath) -> Iterator[Inconsistency]:
    """``by``: the dimensions of whose categories one figure each is compared, the others being at their total."""
    names = [d.name for d in table.dimensions]
    for name in by:
        if name not in names:
            yield _no(at, f"there is no dimension called {name!r}", ", ".join(names))
    rest = [d.name for d in table.dimensions if d.name not in by and d.total is None]
    if rest:
        yield _no(at, f"{', '.join(rest)} has no total, so name it in `by`")


def _no(at: FieldPath, what: str, allowed: str = "") -> Inconsistency:
    return Inconsistency(at, what, allowed)
