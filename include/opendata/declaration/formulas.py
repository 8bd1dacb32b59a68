"""What a spreadsheet would run as a formula when it opens a file of ours, and the declared texts that begin so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from include.opendata.declaration import tables as t
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency

# What spreadsheets take for a formula, also behind blanks and in full-width letters; a plain signed number is no formula.
_FORMULA = re.compile(r"^[\s\x00-\x20]*[=+\-@＝＋－＠]|^[\t\r\n]")
_SIGNED_NUMBER = re.compile(r"^[+-]?[0-9]+([.,][0-9]+)?$")


def runs_as_formula(text: str) -> bool:
    """Whether a spreadsheet would run ``text`` as a formula when it opens the file."""
    return bool(_FORMULA.match(text)) and not _SIGNED_NUMBER.match(text)


def no_label(text: str) -> bool:
    """Whether ``text`` cannot be a label: the publishable suite takes a signed number among a table's labels for one too."""
    return bool(_FORMULA.match(text))


def formula_inconsistencies(table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """The texts of ``table`` that stand at the beginning of a cell, in its file or in its dictionary, and would be run."""
    columns: list[tuple[FieldPath, t.Dimension | t.Attribute | t.Measure]] = []
    for index, dimension in enumerate(table.dimensions):
        here = (*at, "dimensions", index)
        columns.append((here, dimension))
        columns += [((*here, "attributes", n), attribute) for n, attribute in enumerate(dimension.attributes)]
        yield from (formula_at((*here, *field)) for field, text in _labels(dimension) if no_label(text))
    columns += [((*at, "measures", index), measure) for index, measure in enumerate(table.measures)]
    for here, column in columns:
        yield from (
            formula_at((*here, name)) for name in ("label", "definition") if runs_as_formula(getattr(column, name))
        )


def _labels(dimension: t.Dimension) -> Iterator[tuple[FieldPath, str]]:
    """Every label a dimension declares, with its place in the dimension."""
    yield from ((("labels", value), label) for value, label in (dimension.labels or {}).items())
    yield from ((("recode", label), label) for label in dimension.recode or {})
    yield from ((("bins", n, "label"), bin_.label) for n, bin_ in enumerate(dimension.bins or []))
    yield from (((name,), text) for name in ("missing", "total") if (text := getattr(dimension, name)))


def formula_at(field: FieldPath) -> Inconsistency:
    """What is said of a declared text that would be run."""
    return Inconsistency(field, "it begins with a sign that a spreadsheet runs as a formula (= + - @)")
