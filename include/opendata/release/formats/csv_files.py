"""Writes a protected table as the CSV file the public downloads.

Decides the bytes: UTF-8 without a byte-order mark, RFC 4180 quoting only where it is needed, LF, the header in the
declared order, rows as they stand in the frame, zeros as 0, a suppressed value empty, codes with their leading zeros, as
many decimals as declared. What may be shown was decided before; this module only makes sure that nothing annotated as
blank is written, and refuses what a spreadsheet would run as a formula: it never changes a text by itself.
Rules: Handbook, Guidelines §3; RFC 4180.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd

from include.opendata.declaration.formulas import runs_as_formula
from include.opendata.errors import Place, Refused
from include.opendata.rules.portal import annotation_codes
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, TableAttribute, TableMeasure

ROWS_AT_A_TIME = 20_000

_NEEDS_QUOTES = re.compile(r'[",\r\n]')


def csv_line(cells: Iterable[str]) -> str:
    """One line of RFC 4180, quoted only where it is needed, ended with LF."""
    return (
        ",".join('"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell for cell in cells) + "\n"
    )


def write_text_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *, place: Place) -> None:
    """Write rows of text. Raises Refused (``formula-cell``) when a cell would run as a formula."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(csv_line(header))
        for row in rows:
            for name, cell in zip(header, row, strict=True):
                if runs_as_formula(cell):
                    raise _formula(Place(place.dataset, place.table, name), 1)
            stream.write(csv_line(row))


def write_table_csv(path: Path, protected: ProtectedTable, *, dataset: str) -> None:
    """Write ``protected`` to ``path``, a piece at a time, so that memory does not grow with the table.

    Raises Refused: ``formula-cell``; ``columns-differ`` (the frame has not exactly the published columns);
    ``annotated-value-shown`` (a value that its annotation calls blank is there); ``annotation-unknown`` (a code the
    table's mode does not have); ``label-missing``; ``not-a-number``.
    """
    structure, frame = protected.structure, protected.frame
    columns = structure.published_columns()
    place = Place(dataset=dataset, table=structure.table)
    if list(frame.columns) != columns:
        raise Refused(
            "the protected table does not have exactly the published columns",
            remedy="This is a defect of the pipeline; nothing was published. Report it with the table's name.",
            slug="columns-differ",
            place=place,
        )
    _refuse_shown_blanks(protected, place)
    numbers: dict[str, TableMeasure | TableAttribute] = {measure.name: measure for measure in structure.measures}
    numbers |= {attribute.name: attribute for attribute in structure.attributes if attribute.kind != "text"}
    labels = {dimension.name for dimension in structure.dimensions}
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(csv_line(columns))
        for start in range(0, len(frame), ROWS_AT_A_TIME):
            piece = frame.iloc[start : start + ROWS_AT_A_TIME]
            texts: list[list[str]] = []
            for name in columns:
                here = Place(dataset, structure.table, name)
                values = piece[name].astype(object).tolist()
                if name in numbers:
                    texts.append([number_text(value, numbers[name], here) for value in values])
                else:
                    texts.append(_texts(values, here, required=name in labels))
            _write_rows(stream, texts)


def _write_rows(stream: IO[str], texts: list[list[str]]) -> None:
    stream.writelines(csv_line(row) for row in zip(*texts, strict=True))


def _texts(values: list[Any], place: Place, *, required: bool) -> list[str]:
    texts = ["" if _is_missing(value) or value != value else str(value) for value in values]
    if required and "" in texts:
        raise Refused(
            f"{texts.count('')} row(s) have no label",
            remedy="Give blanks a label with `missing` in the dimension's declaration.",
            slug="label-missing",
            place=place,
        )
    formulas = sum(map(runs_as_formula, texts))
    if formulas:
        raise _formula(place, formulas)
    return texts


def number_text(value: Any, measure: TableMeasure | TableAttribute, place: Place) -> str:
    """A measure's, or an attribute's, value as it is published: empty when missing, else with exactly the declared decimals."""
    if _is_missing(value):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        raise _not_a_number(place)
    if not measure.decimals:
        if value != int(value):
            raise _not_a_number(place)
        return str(int(value))
    text = f"{value:.{measure.decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA


def _refuse_shown_blanks(protected: ProtectedTable, place: Place) -> None:
    """No value may stand where its annotation says that it is blank (Handbook, Guidelines §3), and no code may tell what
    the table's mode leaves untold: in ``combined`` there is no code 2."""
    blank = {str(code.code) for code in annotation_codes().codes if code.blank}
    known = blank - {"2"} if protected.annotation == "combined" else blank
    for measure in protected.structure.measures:
        column = f"{measure.name}{ANNOTATION_SUFFIX}"
        if column not in protected.frame.columns:
            continue
        unknown = set(protected.frame[column].dropna().astype(str)) - known - {"", "0"}
        if unknown:
            raise Refused(
                "an annotation is not one of the codes that this table declares",
                remedy="This is a defect of the protection; nothing was published. Report it with the table's name.",
                slug="annotation-unknown",
                place=Place(place.dataset, place.table, column),
            )
        annotated = protected.frame[column].isin(blank)
        shown = int((annotated & protected.frame[measure.name].notna()).sum())
        if shown:
            raise Refused(
                f"{shown} value(s) are there although their annotation says that they are blank",
                remedy="This is a defect of the protection; nothing was published. Report it with the table's name.",
                slug="annotated-value-shown",
                place=Place(place.dataset, place.table, measure.name),
            )


def _formula(place: Place, count: int) -> Refused:
    return Refused(
        f"{count} cell(s) begin with a sign that a spreadsheet runs as a formula (= + - @)",
        remedy="Give them other labels in the declaration (`labels` or `recode`); texts are never changed silently.",
        slug="formula-cell",
        place=place,
    )


def _not_a_number(place: Place) -> Refused:
    return Refused(
        "a value is not a number of the kind that was declared",
        remedy="Check the measure's `decimals`; if they are right this is a defect of the pipeline, and nothing was published.",
        slug="not-a-number",
        place=place,
    )
