"""What the field standards demand of a source's columns and of a table's attributes and points.

The standards are data (``rules/field_standards.yaml``); which column follows which is found in ``declaration.standards``. A
county that is declared as such is one of California's 58, by name and by FIPS code, and the two agree; points that are
declared to be inside California are, already in the source. Rules: Handbook, Guidelines §3–4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.standards import published_standards
from include.opendata.quality.expected import COUNTY_REFERENCE, Expectation, expect
from include.opendata.rules.portal import field_standards
from include.opendata.rules.reference import population_reference


def source_standards(dataset: Dataset) -> Iterator[Expectation]:
    """The demands of every source column that declares a standard, of counties beside their codes, and of points."""
    elements: dict[str, str] = {}
    for column in dataset.source.columns:
        standard = field_standards().field(column.standard) if column.standard is not None else None
        if standard is not None:
            elements[column.name] = standard.element
            yield expect("field_to_follow_standard", column=column.name, element=standard.element)
    yield from _counties(elements)
    asked: list[tuple[str, str, str]] = []
    for table in dataset.tables:
        if table.points is None or table.points.inside is None:
            continue
        latitude = table.attribute(table.points.latitude).column
        longitude = table.attribute(table.points.longitude).column
        if (latitude, longitude, table.points.inside) not in asked:
            asked.append((latitude, longitude, table.points.inside))
            yield _inside(dataset, latitude, longitude, latitude, longitude, table.points.inside)


def published_attributes(dataset: Dataset, table: t.Table, dimension: t.Dimension) -> Iterator[Expectation]:
    """The demands of the attributes of one dimension: their types, and the standards they follow."""
    standards = published_standards(dataset, table)
    elements: dict[str, str] = {}
    for attribute in dimension.attributes:
        column = dataset.source.column(attribute.column)
        kinds = {"text": ["text"], "integer": ["integer"]}.get(column.type, ["number", "integer"])
        yield expect("column_type_to_be_declared", column=attribute.name, kinds=kinds)
        if dimension.total is None and dimension.missing is None and column.required:
            yield expect("column_values_to_not_be_null", column=attribute.name)
        if standard := standards.get(attribute.name):
            yield expect("field_to_follow_standard", column=attribute.name, element=standard.element)
            if column.standard is not None:
                elements[attribute.name] = standard.element
    yield from _counties(elements)


def published_points(dataset: Dataset, table: t.Table) -> Iterator[Expectation]:
    """Where the points of a table must lie, when the declaration says so."""
    points = table.points
    if points is not None and points.inside is not None:
        latitude, longitude = table.attribute(points.latitude).column, table.attribute(points.longitude).column
        yield _inside(dataset, points.latitude, points.longitude, latitude, longitude, points.inside)


def _inside(
    dataset: Dataset, latitude: str, longitude: str, of_latitude: str, of_longitude: str, area: str
) -> Expectation:
    required = dataset.source.column(of_latitude).required or dataset.source.column(of_longitude).required
    return expect("points_to_lie_inside", latitude=latitude, longitude=longitude, area=area, blanks=not required)


def _counties(elements: Mapping[str, str]) -> Iterator[Expectation]:
    """Names and codes are those of the 58 counties; where there is one column of each, they agree in every row."""
    names = [column for column, element in elements.items() if element == "County"]
    codes = [column for column, element in elements.items() if element == "County_FIPS"]
    known = population_reference(COUNTY_REFERENCE)
    for column in names:
        yield expect("column_values_to_be_in_set", column=column, value_set=[area.name for area in known.areas])
    for column in codes:
        yield expect("column_values_to_be_in_set", column=column, value_set=[area.code for area in known.areas])
    if len(names) == len(codes) == 1:
        yield expect(
            "area_to_follow_reference",
            column=names[0],
            code_column=codes[0],
            reference=COUNTY_REFERENCE,
            total=None,
            blanks=True,
        )
