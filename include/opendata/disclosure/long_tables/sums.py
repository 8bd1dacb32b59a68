"""Which rows of a published table are sums of others: as the caller says, and as the figures show.

A stranger's table says of its totals at most a word. What the caller declares is taken; what the figures show is taken too,
for an attacker adds up as well (``row_sums``); and a label that looks like a total, is none of both and is not said to be a
category is refused: without its equations nothing could be called safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from include.opendata.disclosure.long_tables.dimensions import dimension_of
from include.opendata.disclosure.long_tables.published_rows import (
    BLANK_LABEL,
    Label,
    PublishedRow,
    PublishedRows,
    bad_dimension,
    columns_of,
    named_dimension,
    named_strata,
    stated_low,
)
from include.opendata.disclosure.long_tables.reading import hierarchies_of
from include.opendata.disclosure.long_tables.request import AuditRequest
from include.opendata.errors import InputError, Place
from include.opendata.row_sums import SPARSE, UNKNOWN_HIGH, row_sums

NOT_SHOWN_LABEL = "(not shown)"
"""The category that a total counts and that has no row."""
ALL_LABEL = "(all)"
"""The total of strata that no row shows."""

Origin = Literal["declared", "strata", "figures", "years"]
_ORIGINS: Mapping[Origin, str] = {
    "declared": "as declared", "strata": "as strata", "figures": "found in the figures", "years": "years of a period",
}  # fmt: skip

_TOTAL = re.compile(
    r"(grand |sub[- ]?)?totals?( population)?|sum|tot\.?|_t|0{2,5}|all|all[ _-].*|both|both sexes|"
    r"overall|any|any .*|(.* )?combined|every(one|body)|(county|city|region)[ -]?wide|"
    r"state ?wide( total)?|state( total)?|total .*|.*[ _-]total|total[ _-].*|.*\(total\)|.*\(all\)|entire .*|california|"
    r"united states|usa?|u\.s\.|nation(al|wide)?|" + re.escape(BLANK_LABEL),
    re.IGNORECASE,
)
_STRATA = re.compile(
    r"strat(a|um)(_?type)?|stratification.*|demographic(_?(type|category|group))?|breakdown.*", re.IGNORECASE
)
_RUNNING = re.compile(r"cumul|running|year.?to.?date|\bytd\b|(^|_)ytd(_|$)|to date|rolling|moving", re.IGNORECASE)
_PERIOD = re.compile(r"(\d{4})(?:\s*(?:-|–|/|to)\s*(\d{4}))?")


@dataclass(frozen=True)
class Sum:
    """The rows at ``total`` are the sums of the rows at ``parts`` over all other columns. ``columns``: one, or two that are
    read together · ``unknown``: parts that no row shows and that are not zero."""

    columns: tuple[str, ...]
    total: Label
    parts: tuple[Label, ...]
    origin: Origin
    unknown: frozenset[Label] = frozenset()

    @property
    def sentence(self) -> str:
        """The sum for people."""
        names = [" / ".join(part) for part in self.parts]
        listed = ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"
        return f"{' / '.join(self.columns)}: “{' / '.join(self.total)}” is {listed} ({_ORIGINS[self.origin]})"


def declared_sums(published: PublishedRows, request: AuditRequest) -> list[Sum]:
    """The totals, groups and strata the caller names. Raises DeclarationError (``bad-dimension``)."""
    file = published.files[0].file
    above = hierarchies_of(request.hierarchies, published.dimensions, file)
    header = tuple(columns_of(published.files))
    unshown = {_known_dimension(column, published, file) for column in request.unshown}
    sums: list[Sum] = []
    for column, total in zip(published.dimensions, published.totals, strict=True):
        sums += _tree(published, column, total, above.get(column, {}), column in unshown, request)
    for given in request.strata:
        strata, name, label = named_strata(given, header, file)
        sums += _strata(published, (strata, name), label)
    sums += [_named_sum(published, given) for given in request.sums]
    for column in published.dimensions:
        sums += _periods(column, _labels_of(published, column))
    return sums


def _known_dimension(column: str, published: PublishedRows, file: str) -> str:
    for name, total in zip(published.dimensions, published.totals, strict=True):
        if name == column and total is not None:
            return column
    raise bad_dimension(
        f"an unshown category is named of {column}, which has no total",
        f'Name its total: --dimension "{column}:TOTAL_LABEL".', file, column,
    )  # fmt: skip


def _labels_of(published: PublishedRows, column: str) -> list[str]:
    at = published.dimensions.index(column)
    return list(dict.fromkeys(row.labels[at] for row in published.rows))


def _labels_with_total(published: PublishedRows, column: str, total: str | None) -> list[str]:
    """The labels of a dimension; its total has to be one of them."""
    labels = _labels_of(published, column)
    if total is not None and total not in labels:
        raise bad_dimension(
            f"no row has the total label of dimension {column}",
            "Spell it as the file does.",
            published.files[0].file,
            column,
        )
    return labels


def _tree(
    published: PublishedRows,
    column: str,
    total: str | None,
    above: Mapping[str, str],
    unshown: bool,
    request: AuditRequest,
) -> Iterator[Sum]:
    """The sums of one dimension: its groups and its total."""
    file = published.files[0].file
    labels = _labels_with_total(published, column, total)
    if request.absent_unknown:
        labels = list(dict.fromkeys([*labels, *above]))
    not_shown = {total: [(NOT_SHOWN_LABEL,)]} if unshown else {}
    tree = dimension_of(column, [label for label in labels if label != total], total, above, file)
    for node in tree.sums:
        label = tree.nodes[node]
        if not label or (total is None and label not in labels):
            continue
        parts = [(tree.nodes[part],) for part in tree.parts(node)]
        hidden = not_shown.get(label, [])
        yield Sum((column,), (label,), (*parts, *hidden), "declared", frozenset(hidden))


def _named_sum(published: PublishedRows, given: str) -> Sum:
    """``NAME:TOTAL_LABEL=PART|PART``."""
    file = published.files[0].file
    whole, _, listed = given.rpartition("=")
    column, total = named_dimension(whole, published.dimensions, file) if whole else ("", None)
    parts = tuple((part.strip(),) for part in listed.split("|") if part.strip())
    if total is None or not column or not _can_be_parts(parts, total, _labels_of(published, column)):
        raise bad_dimension(
            "a sum is not NAME:TOTAL_LABEL=PART|PART of a dimension's labels",
            'Spell the labels as the file does, such as --sum "Sex:Total=Female|Male".', file, column or None,
        )  # fmt: skip
    return Sum((column,), (total,), parts, "declared")


def _can_be_parts(parts: Sequence[Label], total: str, labels: Sequence[str]) -> bool:
    """Whether ``parts`` and their total are labels of a dimension, and the total is none of the parts."""
    return bool(parts) and (total,) not in parts and {total, *(part for (part,) in parts)} <= set(labels)


def _pairs(published: PublishedRows, columns: Sequence[str]) -> list[Label]:
    at = [published.dimensions.index(column) for column in columns]
    return list(dict.fromkeys(tuple(row.labels[k] for k in at) for row in published.rows))


def _strata(published: PublishedRows, columns: tuple[str, str], label: str | None) -> Iterator[Sum]:
    """One sum per stratum: its labels, or where it has a total row of its own that row, add up to the total of all."""
    pairs = _pairs(published, columns)
    totals = [pair for pair in pairs if label is not None and label in pair]
    if label is not None and not totals:
        raise bad_dimension(
            "no row has the total label of the strata",
            "Spell it as the file does.",
            published.files[0].file,
            columns[1],
        )
    whole = totals[0] if len(totals) == 1 else (ALL_LABEL, ALL_LABEL)
    strata: dict[str, list[Label]] = {}
    for pair in pairs:
        strata.setdefault(pair[0], []).append(pair)
    for inside in strata.values():
        yield from _sums_of_stratum(columns, inside, totals, whole)


def _sums_of_stratum(
    columns: tuple[str, str], inside: Sequence[Label], totals: Sequence[Label], whole: Label
) -> Iterator[Sum]:
    """The labels ``inside`` a stratum add up to its own total, and that to the ``whole``; without one, they do."""
    parts = tuple(pair for pair in inside if pair not in totals)
    own_total = next((pair for pair in inside if pair in totals and pair != whole), None)
    if own_total is not None:
        yield Sum(columns, whole, (own_total,), "strata")
    if parts:
        yield Sum(columns, own_total or whole, parts, "strata")


def _periods(column: str, labels: Sequence[str]) -> Iterator[Sum]:
    """Periods of three years and more, as sums of years; those of two are taken for fiscal or school years."""
    matches = [_PERIOD.fullmatch(label) for label in labels]
    if not all(matches):
        return
    for label, match in zip(labels, matches, strict=True):
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if 2 <= last - first <= 30:
            years = tuple((str(year),) for year in range(first, last + 1))
            yield Sum((column,), (label,), years, "years", frozenset(years))


def sums_in_figures(published: PublishedRows, request: AuditRequest) -> list[Sum]:
    """What the figures say of totals that were not named."""
    frame = pd.DataFrame([row.labels for row in published.rows], columns=list(published.dimensions), dtype="string")
    figures = [row.figure for row in published.rows]
    frame["count"] = pd.array([figure.value for figure in figures], dtype="Int64")
    low = pd.Series([float(stated_low(figure)) for figure in figures])
    high = pd.Series([UNKNOWN_HIGH if figure.high is None else float(figure.high) for figure in figures])
    entries = row_sums(
        frame, published.dimensions, ["count"], tolerance=request.tolerance, bounds={"count": (low, high)},
        absent_zero=not request.absent_unknown,
    )  # fmt: skip
    categories = categories_of(published, request)
    return [
        Sum(entry.columns, entry.total, entry.parts, "figures")
        for entry in entries
        if not any((column, label) in categories for column, label in zip(entry.columns, entry.total, strict=True))
    ]


def stratum_sums(published: PublishedRows, column: str, total: str) -> Iterator[list[Sum]]:
    """For a declared total: per other column that splits the labels of its own into strata, the sums of these."""
    for other in published.dimensions:
        if other == column:
            continue
        pairs = _pairs(published, (other, column))
        sizes = [len(_labels_of(published, name)) for name in (other, column)]
        if len(pairs) <= SPARSE * sizes[0] * sizes[1]:
            yield list(_strata(published, (other, column), total))


def categories_of(published: PublishedRows, request: AuditRequest) -> set[tuple[str, str]]:
    """(column, label) that the caller says are ordinary categories."""
    header = (*columns_of(published.files), *published.dimensions)
    named = [named_dimension(given, header, published.files[0].file) for given in request.categories]
    return {(column, label or "") for column, label in named}


def refuse_unnamed_totals(published: PublishedRows, sums: Sequence[Sum], request: AuditRequest) -> None:
    """Raise InputError (``total-not-named``) where a label looks like a total, and none of ``sums`` says of what; and where
    columns look like strata of which none says how they add up (``strata-not-named``)."""
    categories = categories_of(published, request)
    known = categories | {pair for each in sums for pair in _labels_of_total(published, each)}
    named = [column for column in published.dimensions if column not in published.groups]
    for column in named:
        for label, why in _labels_like_totals(published, column, sums):
            if (column, label) not in known:
                raise _total_not_named(published, column, label, why)
    _refuse_labels_left_over(published, sums, categories)
    for column in named:
        _refuse_unnamed_strata(published, column, sums, categories)


def _labels_like_totals(published: PublishedRows, column: str, sums: Sequence[Sum]) -> Iterator[tuple[str, str]]:
    """(label, why) of a column's labels that by their name or their figures may be totals."""
    labels = _labels_of(published, column)
    for label in labels:
        if len(labels) > 1 and _TOTAL.fullmatch(label.strip()):
            yield label, "looks like a total"
    for label in _possible_totals(published, column, sums):
        yield label, "may be the total of the others, going by its figures"


def _refuse_unnamed_strata(
    published: PublishedRows, column: str, sums: Sequence[Sum], categories: set[tuple[str, str]]
) -> None:
    used = any(column in each.columns or _splits(published, column, each) for each in sums)
    known = used or (column, "") in categories or len(_labels_of(published, column)) < 2
    if _STRATA.fullmatch(column) and not known:
        raise InputError(
            f"column {column} looks like strata of one total, and nothing says how they add up",
            remedy=f'Say --strata "{column}/COLUMN OF NAMES:TOTAL_LABEL" (without a label where no row is the total), or '
            f'--category "{column}" where the rows of its labels are not the same people.',
            slug="strata-not-named", place=Place(file=published.files[0].file, column=column),
        )  # fmt: skip


def refuse_unnamed_running(published: PublishedRows, request: AuditRequest) -> None:
    """Raise InputError (``running-count-not-named``) where a count looks as if it went on from row to row."""
    if request.running:
        return
    names = [*request.counts, *(label for column in published.dimensions for label in _labels_of(published, column))]
    for name in names:
        if _RUNNING.search(name):
            raise InputError(
                f"“{name}” looks like a count that goes on from period to period, so that differences of rows are counts too",
                remedy='Name the dimension it goes on along: --running COLUMN, and audit it without the '
                "other columns of counts.",
                slug="running-count-not-named", place=Place(file=published.files[0].file),
            )  # fmt: skip


def _refuse_labels_left_over(published: PublishedRows, sums: Sequence[Sum], categories: set[tuple[str, str]]) -> None:
    """Raise InputError (``label-in-no-total``) for hidden counts at labels beside a total that was found without them."""
    for columns in dict.fromkeys(each.columns for each in sums if each.origin == "figures"):
        for number, label in _hidden_in_no_sum(published, columns, sums):
            if not any(pair in categories for pair in zip(columns, label, strict=True)):
                raise InputError(
                    f"“{' / '.join(label)}” is hidden here, beside a total that the figures show of other labels; whether it "
                    "belongs to that total, or to another, they do not show",
                    remedy=f'Say what it is a part of: --dimension "{columns[-1]}:TOTAL_LABEL" or '
                    f'--sum "{columns[-1]}:TOTAL_LABEL={label[-1]}|…"; or --category "{columns[-1]}:{label[-1]}" where it '
                    "is in no total.",
                    slug="label-in-no-total", place=published.place(number, columns[-1]),
                )  # fmt: skip


def _hidden_in_no_sum(
    published: PublishedRows, columns: tuple[str, ...], sums: Sequence[Sum]
) -> Iterator[tuple[int, Label]]:
    """(row, labels in ``columns``) of hidden counts that no sum of these columns holds."""
    at = [published.dimensions.index(column) for column in columns]
    members = [_members(published, each) for each in sums if set(each.columns) & set(columns)]
    for number, row in enumerate(published.rows):
        if row.figure.value is None and not any(
            tuple(row.labels[k] for k in of_sum) in labels for of_sum, labels in members
        ):
            yield number, tuple(row.labels[k] for k in at)


def _members(published: PublishedRows, each: Sum) -> tuple[list[int], frozenset[Label]]:
    """Where the columns of a sum stand, and the labels of its total and parts."""
    return [published.dimensions.index(column) for column in each.columns], frozenset((each.total, *each.parts))


def _labels_of_total(published: PublishedRows, each: Sum) -> Iterator[tuple[str, str]]:
    """(column, label) of a sum's total, and of every other column whose label stands on these rows and on no others."""
    yield from zip(each.columns, each.total, strict=True)
    at = [published.dimensions.index(column) for column in each.columns]
    of_total = [tuple(row.labels[k] for k in at) == each.total for row in published.rows]
    for k, column in enumerate(published.dimensions):
        labels = {row.labels[k] for row, total in zip(published.rows, of_total, strict=True) if total}
        if len(labels) == 1:
            (label,) = labels
            if all((row.labels[k] == label) == total for row, total in zip(published.rows, of_total, strict=True)):
                yield column, label


def _splits(published: PublishedRows, column: str, each: Sum) -> bool:
    """Whether a sum of another column stays inside every label of ``column``."""
    pairs = _pairs(published, (*each.columns, column))
    inside = {pair[-1] for pair in pairs if pair[:-1] in each.parts}
    return len(inside) == 1


def _possible_totals(published: PublishedRows, column: str, sums: Sequence[Sum]) -> Iterator[str]:
    """Labels that no sum holds and that can be the total of two others and more wherever they stand."""
    at = published.dimensions.index(column)
    shown = {row.labels[at] for row in published.rows if row.figure.value is not None}
    held = _labels_in_sums(column, sums)
    for label, possible in _possible_as_totals(published, at).items():
        if label in shown and label not in held and all(possible):
            yield label


def _labels_in_sums(column: str, sums: Sequence[Sum]) -> set[str]:
    """The labels of a column that some sum holds, as its total or a part."""
    return {
        label[each.columns.index(column)]
        for each in sums
        if column in each.columns
        for label in (each.total, *each.parts)
    }


def _possible_as_totals(published: PublishedRows, dimension: int) -> dict[str, list[bool]]:
    """Per label whether its count can be the sum of two others and more, in every place where it stands beside these."""
    possible: dict[str, list[bool]] = {}
    for numbers in published.rows_along(dimension).values():
        if len(numbers) > 2:
            lows, highs = zip(*(_bounds(published.rows[number]) for number in numbers), strict=True)
            for number, low, high in zip(numbers, lows, highs, strict=True):
                fits = sum(lows) - low <= high and sum(highs) - high >= low
                possible.setdefault(published.rows[number].labels[dimension], []).append(fits)
    return possible


def _bounds(row: PublishedRow) -> tuple[float, float]:
    """What a count can be."""
    if row.figure.value is not None:
        return row.figure.value, row.figure.value
    return stated_low(row.figure), UNKNOWN_HIGH if row.figure.high is None else row.figure.high


def _total_not_named(published: PublishedRows, column: str, label: str, why: str) -> InputError:
    at = published.dimensions.index(column)
    row = next(number for number, row in enumerate(published.rows) if row.labels[at] == label)
    return InputError(
        f"the label “{label}” {why}, and neither you nor the figures say so",
        remedy=f'Say --dimension "{column}:{label}" where it is the total of the other labels (with --strata where several '
        f'columns of strata add up to it), or --category "{column}:{label}" where it is a category like the others.',
        slug="total-not-named",
        place=published.place(row, column),
    )
