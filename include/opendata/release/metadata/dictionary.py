"""The data dictionary: one description per published field, stated once and written in every format that needs it.

Decides what is said of a field; the CSV, the portal's DataStore and the data package all read the same
:class:`FieldDescription`. Rules: Handbook, Guidelines §3 (annotations, the small-cell method is stated) and §4 (name,
label, type, definition, valid values, source, privacy class, governing statute).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from include.opendata.declaration import tables as spec
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place
from include.opendata.release.formats.csv_files import write_text_csv
from include.opendata.rules.portal import annotation_codes, field_standards
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, TableAttribute, TableDimension, TableMeasure

LABELS_LISTED_UP_TO = 100

HEADER = (
    "field_name",
    "label",
    "type",
    "definition",
    "valid_values",
    "source",
    "privacy_class",
    "governing_statute",
    "notes",
)

LESS_THAN_ONE = "less than 1 %"
_NEVER_NEGATIVE = ("count", "population", "rate", "percent")
_COMBINED_MEANING = "suppressed, small number or complementary to one"


@dataclass(frozen=True)
class FieldDescription:
    """What the dictionary says of one published field."""

    name: str
    label: str
    type: Literal["text", "integer", "number"]
    definition: str
    valid_values: str
    source: str
    privacy_class: str
    statute: str
    notes: str = ""
    values: tuple[str, ...] | None = None
    """Every value the field may have, where they are few enough to list (labels, codes, annotation codes)."""
    required: bool = False
    minimum: int | None = None

    def row(self) -> tuple[str, ...]:
        """The field's line in the dictionary file, in the order of :data:`HEADER`."""
        return (
            self.name,
            self.label,
            self.type,
            self.definition,
            self.valid_values,
            self.source,
            self.privacy_class,
            self.statute,
            self.notes,
        )


def annotation_meanings(mode: str) -> Mapping[str, str]:
    """Code → what it says in a table of this mode (Handbook, Guidelines §3). In ``combined`` code 1 stands for 1 and 2."""
    meanings = {str(code.code): code.label for code in annotation_codes().codes if code.blank}
    if mode == "combined":
        del meanings["2"]
        meanings["1"] = _COMBINED_MEANING
    return meanings


def meanings_in(protected: ProtectedTable) -> Mapping[str, str]:
    """Code → what it says in this table. Where percentages stand in place of counts, only code 1 occurs."""
    if protected.structure.percentages_only:
        return {"1": LESS_THAN_ONE}
    return annotation_meanings(protected.annotation)


def mark_of(code: str) -> str:
    """The letter of an annotation (Handbook, Guidelines §3); where the Handbook has none, its number in parentheses.

    In a table with one code for every suppressed value that code is 1, so the letter is always S.
    """
    return annotation_codes().code(int(code)).letter or f"({code})" if code else ""


def small_cell_note(protected: ProtectedTable, rule: SmallCellRule) -> str:
    """How small cells were treated, in words anyone can check against the file (DDG 2.0 §4.4.1)."""
    if protected.structure.percentages_only:
        return (
            f"{rule.sign}: one category has a count {rule.words}. Whole percentages are published and no count; "
            f"that category's percentage is blank with annotation 1, {LESS_THAN_ONE}."
        )
    if not protected.masked:
        return "No count was suppressed for being small: the table's assessment did not ask for it."
    return (
        f"{rule.sign}: counts {rule.words} are blank, and so are counts from which "
        "one of them could be worked out; a true zero is written 0."
    )


def describe_fields(dataset: Dataset, protected: ProtectedTable) -> tuple[FieldDescription, ...]:
    """The fields of one published table, in the file's order."""
    table = dataset.table(protected.structure.table)
    statute = "; ".join(dataset.statutes)
    fields: list[FieldDescription] = []
    for shape in protected.structure.dimensions:
        declared = table.dimension(shape.name)
        fields.append(_label_field(dataset, declared, shape, statute))
        if shape.code_column:
            fields.append(_code_field(dataset, declared, shape, statute))
        fields += [
            _attribute_field(dataset, table.attribute(attribute.name), attribute, shape, statute)
            for attribute in shape.attributes
        ]
    for measure in protected.structure.measures:
        fields.append(_measure_field(dataset, table, measure, protected, statute))
        if measure.role != "population":
            fields.append(_annotation_field(table.measure(measure.name), measure, protected, statute))
    return tuple(fields)


def write_dictionary(path: Path, fields: tuple[FieldDescription, ...], *, dataset: str, table: str) -> None:
    """Write the dictionary of one table. Raises Refused (``formula-cell``), see ``csv_files``."""
    write_text_csv(path, HEADER, (field.row() for field in fields), place=Place(dataset=dataset, table=table))


def _label_field(dataset: Dataset, declared: spec.Dimension, shape: TableDimension, statute: str) -> FieldDescription:
    labels = (*shape.labels, *([shape.total] if shape.total is not None else []))
    few = len(labels) <= LABELS_LISTED_UP_TO
    return FieldDescription(
        name=shape.name,
        label=declared.label,
        type="text",
        definition=declared.definition,
        valid_values="; ".join(labels) if few else f"{len(labels)} categories, from {labels[0]} to {labels[-1]}",
        source=_source_of(dataset, declared.column),
        privacy_class=_privacy(dataset.source.column(declared.column).privacy),
        statute=statute,
        notes=f"“{shape.total}” is the total of the other categories." if shape.total is not None else "",
        values=labels if few else None,
        required=True,
    )


def _code_field(dataset: Dataset, declared: spec.Dimension, shape: TableDimension, statute: str) -> FieldDescription:
    codes = (*(shape.codes or ()), *([shape.total_code] if shape.total_code else []))
    few = 0 < len(codes) <= LABELS_LISTED_UP_TO
    blank_on_total = shape.total is not None and not shape.total_code
    return FieldDescription(
        name=str(shape.code_column),
        label=f"{declared.label}: code",
        type="text",
        definition=f"The code of {declared.label}, with its leading zeros.",
        valid_values="; ".join(codes) if few else f"{len(codes)} codes",
        source=_source_of(dataset, declared.column),
        privacy_class=_privacy(dataset.source.column(declared.column).privacy),
        statute=statute,
        notes=f"Blank for “{shape.total}”." if blank_on_total else "",
        values=codes if few else None,
        required=not blank_on_total,
    )


_KINDS: dict[str, str] = {"text": "text", "integer": "a whole number", "number": "a number"}


def _attribute_field(
    dataset: Dataset, declared: spec.Attribute, attribute: TableAttribute, shape: TableDimension, statute: str
) -> FieldDescription:
    column = dataset.source.column(attribute.column)
    standard = field_standards().field(column.standard or attribute.name)
    kind = _KINDS[attribute.kind] + (f" with {attribute.decimals} decimals" if attribute.decimals else "")
    return FieldDescription(
        name=attribute.name,
        label=declared.label,
        type=attribute.kind,
        definition=declared.definition,
        valid_values=f"{standard.element}: {standard.rule}" if standard else kind,
        source=_source_of(dataset, attribute.column),
        privacy_class=_privacy(column.privacy),
        statute=statute,
        notes=f"Blank for “{shape.total}”." if shape.total is not None else "",
    )


def _measure_field(
    dataset: Dataset, table: spec.Table, measure: TableMeasure, protected: ProtectedTable, statute: str
) -> FieldDescription:
    declared = table.measure(measure.name)
    never_negative = measure.role in _NEVER_NEGATIVE
    public = measure.role == "population"
    unpublished = ", which is not published" if protected.structure.percentages_only else ""
    return FieldDescription(
        name=measure.name,
        label=declared.label,
        type="number" if measure.decimals else "integer",
        definition=declared.definition,
        valid_values=_kind_of_number(measure) + (", 0 or more" if never_negative else ""),
        source=_measure_source(dataset, declared) + unpublished,
        privacy_class="public" if public else _aggregate_privacy(dataset, _column_of(declared)),
        statute=statute,
        notes=_measure_notes(dataset, measure, protected),
        required=public,
        minimum=0 if never_negative else None,
    )


def _kind_of_number(measure: TableMeasure) -> str:
    if not measure.decimals:
        return "a whole number"
    return f"a number with {measure.decimals} decimal{'s' if measure.decimals > 1 else ''}"


def _measure_notes(dataset: Dataset, measure: TableMeasure, protected: ProtectedTable) -> str:
    if measure.role == "count" or protected.structure.percentages_only:
        return small_cell_note(protected, dataset.small_cell_rule)
    return f"Blank wherever {measure.numerator} is blank." if measure.numerator is not None else ""


def _annotation_field(
    declared: spec.Measure, measure: TableMeasure, protected: ProtectedTable, statute: str
) -> FieldDescription:
    meanings = meanings_in(protected)
    return FieldDescription(
        name=f"{measure.name}{ANNOTATION_SUFFIX}",
        label=f"{declared.label}: annotation",
        type="text",
        definition=f"Why {measure.name} is blank; empty where it is not.",
        valid_values="; ".join(["empty: none", *(f"{code}: {meaning}" for code, meaning in meanings.items())]),
        source="the pipeline",
        privacy_class="public",
        statute=statute,
        notes=_code_notes(protected),
        values=tuple(meanings),
    )


def _code_notes(protected: ProtectedTable) -> str:
    if protected.structure.percentages_only:
        return f"Code 1 marks the one category that is {LESS_THAN_ONE}."
    if protected.annotation == "combined":
        return "One code stands for every suppressed value, whether it is small itself or hides another."
    return "Code 1 marks values that are small themselves, code 2 those that hide them."


def _column_of(declared: spec.Measure) -> str | None:
    """The source column a measure is made of; None where it is made of records or of other measures."""
    if isinstance(declared, spec.CountDistinctMeasure | spec.SumMeasure | spec.MeanMeasure):
        return declared.column
    return None


def _measure_source(dataset: Dataset, declared: spec.Measure) -> str:
    if isinstance(declared, spec.CountMeasure):
        return "the number of records of the source"
    if isinstance(declared, spec.PopulationMeasure):
        return f"the population reference {declared.reference}"
    if isinstance(declared, spec.RateMeasure):
        return f"worked out from {declared.numerator} and {declared.denominator}"
    if isinstance(declared, spec.PercentMeasure):
        return f"worked out from {declared.numerator}"
    return _source_of(dataset, declared.column)


def _source_of(dataset: Dataset, column: str) -> str:
    return f"column {column} of the source ({dataset.source.column(column).label})"


def _privacy(privacy: str) -> str:
    return privacy.replace("_", " ")


def _aggregate_privacy(dataset: Dataset, column: str | None) -> str:
    if column is None:
        return "aggregate"
    return f"aggregate of a {_privacy(dataset.source.column(column).privacy)} column"
