"""Which published column follows which field standard, and what a table of places must be.

A source column declares its standard once; every published column that shows its values as they are follows it, and so does
a column whose name is that of a standard. Some standards ask for others beside them: a county's name for its FIPS code, a
latitude for its longitude (Handbook, Guidelines §3). Addresses and coordinates, and maps made of them, are for tables that
describe no people: a point on a map is the finest geography there is (DDG 2.0 §4.3.1). Looks at the declaration alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency, known
from include.opendata.declaration.source import Source
from include.opendata.rules.portal import FieldStandard, field_standards

OF_A_PLACE = ("Address", "Address2", "ZIP", "ZIP_4", "GEOID", "Latitude", "Longitude")
"""The elements that say where one place is; as attributes they are for tables that describe no people."""


def published_standards(dataset: Dataset, table: t.Table) -> dict[str, FieldStandard]:
    """Published column → the standard it follows, in the file's order; columns of no standard are left out."""
    found: dict[str, FieldStandard | None] = {}
    for dimension in table.dimensions:
        found |= _standards_of_categories(dataset, dimension)
        for attribute in dimension.attributes:
            found[attribute.name] = _standard(dataset, attribute.column, attribute.name)
    return {name: standard for name, standard in found.items() if standard is not None}


def _standards_of_categories(dataset: Dataset, dimension: t.Dimension) -> dict[str, FieldStandard | None]:
    """The columns of a dimension itself, without its attributes, and the standards they follow."""
    standards = field_standards()
    if dimension.standard == "county":
        return {
            dimension.name: standards.field("County"),
            f"{dimension.name}_FIPS": standards.field("County_FIPS"),
        }
    if dimension.standard == "zip3" or dimension.name.lower() == "zip3":
        return {dimension.name: standards.field("ZIP3")}
    as_it_is = not (dimension.labels or dimension.recode or dimension.bins or dimension.period)
    return {dimension.name: _standard(dataset, dimension.column if as_it_is else None, dimension.name)}


def _standard(dataset: Dataset, column: str | None, published: str) -> FieldStandard | None:
    declared = {one.name: one.standard for one in dataset.source.columns}.get(column) if column is not None else None
    return field_standards().field(declared or published)


def source_inconsistencies(source: Source, at: FieldPath) -> Iterator[Inconsistency]:
    """A column that follows a standard has the standard's type: codes are text, so that leading zeros survive."""
    for index, column in enumerate(source.columns):
        standard = field_standards().field(column.standard) if column.standard else None
        if standard is None:
            continue
        needed = {"text": ("text",), "float": ("number",)}[standard.type]
        if column.type not in needed:
            yield Inconsistency(
                (*at, index, "type"), f"the field standard {standard.element} is for a column of another type", *needed
            )


def _words_beside_counties(dimension: t.Dimension, standard: FieldStandard, at: FieldPath) -> Iterator[Inconsistency]:
    """The total and the category of what is missing stand in the column of names, and are held to what it is held to."""
    for field in ("total", "missing"):
        label = getattr(dimension, field)
        if label and standard.max_length is not None and len(label) > standard.max_length:
            yield Inconsistency(
                (*at, field),
                f"{label!r} has {len(label)} characters, and the column {dimension.name} follows the field standard "
                f"{standard.element}, which takes {standard.max_length}",
            )
        if label and label.endswith(standard.must_not_end_with):
            yield Inconsistency((*at, field), f"{label!r} does not follow the field standard: {standard.rule}")


def published_inconsistencies(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """Attributes, the standards that need one another, points, and formats that need points."""
    standards = published_standards(dataset, table)
    for index, dimension in enumerate(table.dimensions):
        for number, attribute in enumerate(dimension.attributes):
            where = (*at, "dimensions", index, "attributes", number)
            yield from _attribute(dataset, table, attribute, standards.get(attribute.name), where)
        if dimension.standard == "county":
            yield from _words_beside_counties(dimension, standards[dimension.name], (*at, "dimensions", index))
    yield from _beside_standards(dataset, table, standards, (*at, "dimensions"))
    if table.masking == "whole_percentages" and table.attributes:
        yield Inconsistency((*at, "dimensions"), "a table of whole percentages has no attributes")
    if table.points is not None:
        yield from _points(dataset, table, table.points, (*at, "points"))
    else:
        for index, chosen in enumerate(table.formats):
            if chosen in ("geojson", "shapefile"):
                yield Inconsistency((*at, "formats", index), f"{chosen} needs a table with `points`")


def _beside_standards(
    dataset: Dataset, table: t.Table, standards: dict[str, FieldStandard], at: FieldPath
) -> Iterator[Inconsistency]:
    """Columns of a declared standard whose companions the table does not publish."""
    elements = {standard.element for standard in standards.values()}
    for name, standard in standards.items():
        missing = [element for element in standard.requires if element not in elements]
        if missing and _declares(dataset, table, name):
            yield Inconsistency(at, f"{name} needs {' and '.join(missing)} beside it (Handbook, Guidelines §3)")


def _declares(dataset: Dataset, table: t.Table, name: str) -> bool:
    """Whether the standard is declared, not only suggested by a column's name."""
    declared = {column.name for column in dataset.source.columns if column.standard is not None}
    shown = {d.name: d.column for d in table.dimensions} | {a.name: a.column for a in table.attributes}
    return shown.get(name) in declared


def _of_people(dataset: Dataset, table: t.Table) -> bool:
    """Whether a table says anything of people, whatever it is declared to describe."""
    counts = any(t.is_protected_count(measure) for measure in table.measures)
    return dataset.personal_characteristics or bool(table.high_risk_populations) or counts


def _attribute(
    dataset: Dataset, table: t.Table, attribute: t.Attribute, standard: FieldStandard | None, at: FieldPath
) -> Iterator[Inconsistency]:
    columns = {column.name: column for column in dataset.source.columns}
    yield from known(attribute.column, columns, (*at, "column"), "column")
    column = columns.get(attribute.column)
    if column is None:
        return
    if column.privacy != "public":
        yield Inconsistency(
            (*at, "column"),
            f"an attribute is public in every row; this column is of privacy {column.privacy}",
            "public",
        )
    if column.type not in ("text", "integer", "number"):
        yield Inconsistency((*at, "column"), f"a column of type {column.type} cannot be an attribute")
    if standard is not None and standard.element in OF_A_PLACE and _of_people(dataset, table):
        yield Inconsistency(
            (*at, "column"), "where one place is may be said only in a table that describes and counts no people"
        )


def _points(dataset: Dataset, table: t.Table, points: t.Points, at: FieldPath) -> Iterator[Inconsistency]:
    yield from _coordinate(dataset, table, "latitude", points.latitude, at)
    yield from _coordinate(dataset, table, "longitude", points.longitude, at)
    located = [d for d in table.dimensions if {points.latitude, points.longitude} & {a.name for a in d.attributes}]
    if len(located) > 1:
        yield Inconsistency(at, "latitude and longitude are attributes of different dimensions")
    for dimension in located:
        if dimension.total is not None or dimension.missing is not None:
            yield Inconsistency(at, f"a total, or blanks, of {dimension.name} would be a row without a place")
    yield from _of_places_alone(dataset, table, at)


def _coordinate(dataset: Dataset, table: t.Table, standard: str, name: str, at: FieldPath) -> Iterator[Inconsistency]:
    names = [attribute.name for attribute in table.attributes]
    yield from known(name, names, (*at, standard), "attribute")
    columns = {column.name: column for column in dataset.source.columns}
    column = columns.get(table.attribute(name).column) if name in names else None
    if column is not None and column.standard != standard:
        yield Inconsistency((*at, standard), f"its source column has not `standard: {standard}`")


def _of_places_alone(dataset: Dataset, table: t.Table, at: FieldPath) -> Iterator[Inconsistency]:
    """A point on a map is the finest geography there is: nothing of people may stand at one."""
    if dataset.personal_characteristics or table.high_risk_populations:
        yield Inconsistency(at, "a table that describes people cannot show where they are, point by point")
    if any(t.is_protected_count(measure) for measure in table.measures):
        yield Inconsistency(at, "a count of persons, or of events of persons, cannot be shown point by point")
    if dataset.source.record != "aggregate":
        yield Inconsistency(
            at, f"points are of facilities and other places, not of records of a {dataset.source.record}"
        )
    if dataset.coverage.granularity != "location point":
        yield Inconsistency(at, "a table with points needs `granularity: location point` under `coverage`")
