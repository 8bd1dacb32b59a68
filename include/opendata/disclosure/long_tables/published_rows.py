"""The rows of one published table, or of several that are read together, as one list of cells.

Several columns of counts become one more dimension, whose labels are the columns' names. A file without the column of a
dimension stands at that dimension's total. A cell that two files publish is one cell: shown if either shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from include.opendata.disclosure.long_tables.records import Records, no_such_column
from include.opendata.disclosure.long_tables.request import AuditRequest
from include.opendata.disclosure.long_tables.tokens import NO_DATA, Figure, count_of, tokens_of
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.vocabulary import ANNOTATION_SUFFIX

Label = tuple[str, ...]

COUNT_COLUMNS = "column"
"""The dimension of several columns of counts."""
BLANK_LABEL = "(blank)"
"""Stands for a label that is not there: often the total, as databases write it."""

CODES = {"": "", "0": "", "1": "1", "2": "2", "3": "3", "4": "4", "5": "5", "S": "1", "C": "2"}
TELL_NOTHING = {"3", "4", "5"}
"""No data, unstable, incomplete: nothing follows of such a blank, not even that it is not zero."""

_CODE_COLUMN = re.compile(r"annotation([ _]?code)?|suppression([ _](code|flag))?|flag", re.IGNORECASE)


@dataclass(frozen=True)
class PublishedRow:
    """``labels``: one per dimension · ``records``: the number of its file · ``row``: its number there."""

    labels: Label
    figure: Figure
    records: int
    row: int


@dataclass(frozen=True, repr=False)
class PublishedRows:
    """``dimensions``: columns, in the caller's order · ``totals``: the label of each one's total, None without ·
    ``groups``: dimensions no one named, which group the labels of another ·
    ``seen_elsewhere``: rows whose count one file hides and another shows."""

    files: tuple[Records, ...]
    dimensions: tuple[str, ...]
    totals: tuple[str | None, ...]
    groups: tuple[str, ...]
    rows: tuple[PublishedRow, ...]
    seen_elsewhere: tuple[int, ...]

    def place(self, row: int, column: str | None = None) -> Place:
        """Where a row stands."""
        published = self.rows[row]
        records = self.files[published.records]
        return Place(file=records.file, line=records.lines[published.row], column=column)

    def text(self, row: int, column: str) -> str:
        """What a column says on a row, "" in a file without it."""
        published = self.rows[row]
        records = self.files[published.records]
        return records.rows[published.row][records.header.index(column)].strip() if column in records.header else ""

    def rows_along(self, dimension: int) -> dict[Label, list[int]]:
        """The rows that differ in one dimension alone, by their labels in the others."""
        rows: dict[Label, list[int]] = {}
        for number, row in enumerate(self.rows):
            rows.setdefault((*row.labels[:dimension], *row.labels[dimension + 1 :]), []).append(number)
        return rows

    @property
    def name(self) -> str:
        """The files' names."""
        return " and ".join(records.file for records in self.files)


def published_rows(files: Sequence[Records], request: AuditRequest) -> PublishedRows:
    """The rows of all files. Raises InputError and DeclarationError."""
    named = _named_dimensions(request, tuple(columns_of(files)), files[0].file)
    groups = list(_groups_of_labels(files, [column for column, _ in named], request)) if request.search else []
    named += [(column, None) for column in groups]
    tokens = tokens_of(request.tokens)
    rows = [row for number in range(len(files)) for row in _rows_of(files, number, named, request, tokens)]
    if len(request.counts) > 1:
        named.append((COUNT_COLUMNS, None))
    columns, totals = tuple(column for column, _ in named), tuple(total for _, total in named)
    kept, elsewhere = _one_row_per_cell(tuple(files), rows)
    return PublishedRows(tuple(files), columns, totals, tuple(groups), kept, elsewhere)


def _rows_of(
    files: Sequence[Records],
    number: int,
    named: Sequence[tuple[str, str | None]],
    request: AuditRequest,
    tokens: Mapping[str, Figure],
) -> Iterator[PublishedRow]:
    """The rows of one file, column of counts by column. Raises InputError and DeclarationError."""
    records = files[number]
    labels = [_labels(records, column, total) for column, total in named]
    for count in _counts_of(records, files, request):
        codes = _codes(records, count, request)
        for row, text in enumerate(records.column(count)):
            figure = count_of(text, tokens)
            if figure is None:
                raise unreadable(_COUNT, count, records, row, "count-unreadable")
            cell = (*(column[row] for column in labels), *([count] if len(request.counts) > 1 else []))
            yield PublishedRow(cell, _coded(figure, codes[row]), number, row)


_COUNT = "neither a count (a whole number, 0 or more) nor a token for a hidden one"
_REMEDIES = {"count-unreadable": 'Say what it stands for, such as --token "…=hidden", or name another column.'}


def unreadable(what: str, column: str, records: Records, row: int, slug: str) -> InputError:
    """The error about what stands in a column on a row; it names the line and never the value."""
    return InputError(
        f"what stands here is {what}",
        remedy=_REMEDIES.get(slug, "Correct the file, or name another column."),
        slug=slug,
        place=Place(file=records.file, line=records.lines[row], column=column),
    )


def named_dimension(given: str, header: Sequence[str], file: str) -> tuple[str, str | None]:
    """``NAME`` or ``NAME:TOTAL_LABEL``; names and labels may hold colons themselves. Raises DeclarationError."""
    if given in header:
        return given, None
    for at in (match.start() for match in re.finditer(":", given)):
        if given[:at] in header and given[at + 1 :].strip():
            return given[:at], given[at + 1 :].strip()
    raise bad_dimension(
        "a dimension is named that is no column of the file",
        f"Give --dimension NAME[:TOTAL_LABEL]; the file has: {', '.join(header)}.",
        file,
    )


def bad_dimension(what: str, remedy: str, file: str, column: str | None = None) -> DeclarationError:
    """The error for a dimension that does not fit the file."""
    return DeclarationError(what, remedy=remedy, slug="bad-dimension", place=Place(file=file, column=column))


def named_strata(given: str, header: Sequence[str], file: str) -> tuple[str, str, str | None]:
    """``STRATA/NAME[:TOTAL_LABEL]``: both columns and the label. Raises DeclarationError."""
    for at in (match.start() for match in re.finditer("/", given)):
        if given[:at] in header:
            name, total = named_dimension(given[at + 1 :], header, file)
            return given[:at], name, total
    raise bad_dimension(
        "strata are not given as STRATA/NAME[:TOTAL_LABEL] of two columns",
        f'Say for example --strata "Strata/Strata_Name:Total Population"; the file has: {", ".join(header)}.',
        file,
    )


def _named_dimensions(request: AuditRequest, header: Sequence[str], file: str) -> list[tuple[str, str | None]]:
    named = [named_dimension(text, header, file) for text in request.dimensions]
    for text in request.strata:
        strata, name, _ = named_strata(text, header, file)
        named += [(column, None) for column in (strata, name) if column not in dict(named)]
    if not named:
        raise bad_dimension(
            "no dimension is named",
            f"Name each with --dimension NAME or NAME:TOTAL_LABEL; the file has: {', '.join(header)}.",
            file,
        )
    if len(dict(named)) < len(named):
        raise bad_dimension("a dimension is named twice", "Name each dimension once.", file)
    return named


_NUMBER = re.compile(r"-?[\d.,]+%?")


def _groups_of_labels(files: Sequence[Records], named: Sequence[str], request: AuditRequest) -> Iterator[str]:
    """Columns no one named that put the labels of a dimension into groups, as strata or regions do."""
    left_out = {*named, *request.counts, *request.ignored, request.denominator, request.annotation_column}
    for column in files[0].header:
        if column in left_out or "annotation" in column.casefold() or not _in_all(files, column):
            continue
        labels = _labels_in(files, column)
        dimensions = (dimension for dimension in named if _in_all(files, dimension))
        if _may_be_groups(labels) and any(_groups(labels, _labels_in(files, dimension)) for dimension in dimensions):
            yield column


def _in_all(files: Sequence[Records], column: str) -> bool:
    return all(column in records.header for records in files)


def _labels_in(files: Sequence[Records], column: str) -> list[str]:
    return [label for records in files for label in records.column(column)]


def _may_be_groups(labels: Sequence[str]) -> bool:
    """Whether there are several labels, none of them is blank, and they are no numbers."""
    return len(set(labels)) > 1 and all(labels) and not all(map(_NUMBER.fullmatch, labels))


def _groups(groups: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether every label is in one group, and some group has several labels."""
    group_of: dict[str, str] = {}
    if any(group_of.setdefault(label, group) != group for label, group in zip(labels, groups, strict=True)):
        return False
    return len(set(group_of.values())) < len(group_of)


def _labels(records: Records, column: str, total: str | None) -> list[str]:
    if column in records.header:
        return [label or BLANK_LABEL for label in records.column(column)]
    if total is None:
        raise no_such_column(column, records.file, records.header)
    return [total] * len(records.rows)


def _counts_of(records: Records, files: Sequence[Records], request: AuditRequest) -> list[str]:
    """The columns of counts a file has; every one is in some file, and every file has one."""
    for count in request.counts:
        if not any(count in other.header for other in files):
            raise no_such_column(count, records.file, records.header)
    counts = [count for count in request.counts if count in records.header]
    if not counts:
        raise no_such_column(request.counts[0], records.file, records.header)
    return counts


def _codes(records: Records, count: str, request: AuditRequest) -> list[str]:
    """Per row the annotation code, as text; "" for none."""
    column = request.annotation_column or count + ANNOTATION_SUFFIX
    if not request.annotation_column and column not in records.header:
        column = _column_of_codes(records) or ""
        if not column:
            return [""] * len(records.rows)
    codes = []
    for row, text in enumerate(records.column(column)):
        if text not in CODES:
            raise unreadable("no annotation code (0 to 5, S or C)", column, records, row, "annotation-unreadable")
        codes.append(CODES[text])
    return codes


def _column_of_codes(records: Records) -> str | None:
    """A column that is named as one of codes and holds nothing else."""
    return next(
        (name for name in records.header if _CODE_COLUMN.fullmatch(name) and set(records.column(name)) <= CODES.keys()),
        None,
    )


def _coded(figure: Figure, code: str) -> Figure:
    states_something = figure.code or (figure.low, figure.high) != (None, None)
    if figure.value is not None or not code or (states_something and code in TELL_NOTHING):
        return figure
    return Figure(low=figure.low, high=figure.high, code=NO_DATA if code in TELL_NOTHING else code)


def _one_row_per_cell(
    files: tuple[Records, ...], rows: list[PublishedRow]
) -> tuple[tuple[PublishedRow, ...], tuple[int, ...]]:
    """The rows, each cell once, and those that one file hides and another shows. Raises InputError."""
    at: dict[Label, int] = {}
    kept: list[PublishedRow] = []
    elsewhere: set[int] = set()
    for row in rows:
        number = at.setdefault(row.labels, len(kept))
        if number == len(kept):
            kept.append(row)
            continue
        before = kept[number]
        if before.records == row.records:
            raise _two_rows(files, before, row)
        kept[number] = _of_both(files, before, row)
        if (before.figure.value is None) != (row.figure.value is None):
            elsewhere.add(number)
    return tuple(kept), tuple(sorted(elsewhere))


def _of_both(files: tuple[Records, ...], first: PublishedRow, second: PublishedRow) -> PublishedRow:
    """A cell that two files publish. Raises InputError where they show different counts."""
    if first.figure.value is not None and second.figure.value is not None:
        if first.figure.value != second.figure.value:
            raise InputError(
                f"this count is not the one of the same cell in {_where(files, first)}: they differ by "
                f"{abs(first.figure.value - second.figure.value):,}",
                remedy="Audit files of one version together, and the counts of one measure.",
                slug="published-figures-contradict",
                place=Place(file=files[second.records].file, line=files[second.records].lines[second.row]),
            )
        return first
    if second.figure.value is not None:
        return second
    if first.figure.value is not None:
        return first
    return PublishedRow(first.labels, _narrower(first.figure, second.figure), first.records, first.row)


def _narrower(first: Figure, second: Figure) -> Figure:
    lows = [low for low in (first.low, second.low) if low is not None]
    highs = [high for high in (first.high, second.high) if high is not None]
    codes = [code for code in (first.code, second.code) if code and code != NO_DATA]
    return Figure(low=max(lows, default=None), high=min(highs, default=None), code=codes[0] if codes else first.code)


def _two_rows(files: tuple[Records, ...], first: PublishedRow, second: PublishedRow) -> InputError:
    return InputError(
        f"this row is about the same cell as {_where(files, first)}",
        remedy="Name every dimension that tells the rows apart.",
        slug="cell-twice",
        place=Place(file=files[second.records].file, line=files[second.records].lines[second.row]),
    )


def _where(files: tuple[Records, ...], row: PublishedRow) -> str:
    line = f"line {files[row.records].lines[row.row]}"
    return line if len(files) == 1 else f"{files[row.records].file}, {line}"


def stated_low(figure: Figure) -> int:
    """The least a hidden count can be: 1, for zeros are shown, unless its token states otherwise or there is no data."""
    if figure.low is not None:
        return figure.low
    return 0 if figure.code == NO_DATA else 1


def columns_of(files: Sequence[Records]) -> Mapping[str, Records]:
    """Every column with the first file that has it."""
    columns: dict[str, Records] = {}
    for records in files:
        for name in records.header:
            columns.setdefault(name, records)
    return columns
