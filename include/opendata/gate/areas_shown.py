"""Whether a table speaks of the whole state and shows no area of it: only then it earns the credit for being statewide.

The credit is asked for by `granularity: statewide` and given by what the table shows (DDG 2.0 §4.3.1, Appendix D §16.2). An
area is whatever is declared, named, or written like one: a dimension, an attribute, or a filter, however it is scored. A doubt
costs the credit, never the protection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from include.opendata.declaration.choices import FieldStandardName
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.tables import Condition, Dimension, Table
from include.opendata.rules.reference import population_reference, population_references

_WHOLE_STATE = re.compile(
    r"(the )?((whole|entire|all of) )?(state of )?(california|ca|the state|statewide|united states( of america)?|usa?)",
    re.I,
)
_NOT_AREAS: tuple[FieldStandardName, ...] = ("state", "country")
_AREA_WORD = re.compile(
    r"(?<![a-z])(county|counties|cnty|countyfp|fips|zips?|zip ?codes?|zip[345]|zcta|postal|postcode|regions?|district|tracts?|"
    r"census ?tract|census ?block|geoid|mssa|msa|puma|city|cities|town|township|municipality|neighbou?rhood|area|"
    r"place|location|address|latitude|longitude|geography|geographic|jurisdiction|lhj|catchment|facility|facilities|hospitals?|"
    r"clinics?)(?![a-z])",
    re.I,
)
"""Words that name an area, or a place that lies in one."""
_AREA_CODE = re.compile(r"06\d{3}|06\d{9}(\d(\d{3})?)?|9[0-6]\d{3}(-\d{4})?")
"""A county's number with the state's before it, a census tract or block, a ZIP code of California."""


def is_statewide(dataset: Dataset, table: Table, labels: Mapping[str, Sequence[str]]) -> bool:
    """Whether the table covers the state and shows no area. ``labels``: the categories of each dimension, by its name."""
    coverage = dataset.coverage
    if coverage.granularity != "statewide" or not _WHOLE_STATE.fullmatch(coverage.geography.strip()):
        return False
    shown = any(_shows_an_area(dataset, dimension, labels[dimension.name]) for dimension in table.dimensions)
    return not shown and table.points is None and not any(_keeps_an_area(dataset, kept) for kept in table.filter)


def _shows_an_area(dataset: Dataset, dimension: Dimension, labels: Sequence[str]) -> bool:
    columns = [dimension.column, *(attribute.column for attribute in dimension.attributes)]
    return (
        _is_place(dimension)
        or any(map(_names_an_area, _names(dimension)))
        or any(_is_area_column(dataset, column) for column in columns)
        or any(map(_are_areas, (labels, _values_shown(dimension, labels), _values_gathered(dimension))))
    )


def _names(dimension: Dimension) -> list[str]:
    """What a dimension and its attributes are called, in the table and for people."""
    return [dimension.name, dimension.label, *(text for a in dimension.attributes for text in (a.name, a.label))]


def _values_shown(dimension: Dimension, labels: Sequence[str]) -> list[str]:
    """The source's values behind labels, blanks left out."""
    value_of = {label: value for value, label in (dimension.labels or {}).items()}
    return [value_of.get(label, label) for label in labels if label != dimension.missing]


def _values_gathered(dimension: Dimension) -> list[str]:
    """The source's values that a recode gathers into categories."""
    return [value for given in (dimension.recode or {}).values() for value in given]


def _keeps_an_area(dataset: Dataset, kept: Condition) -> bool:
    values = [*(kept.in_ or ()), *(kept.not_in or ())]
    if kept.in_ is not None and all(_WHOLE_STATE.fullmatch(value.strip()) for value in kept.in_):
        return False
    return _is_area_column(dataset, kept.column) or _are_areas(values)


def _is_place(dimension: Dimension) -> bool:
    scores = dimension.scores_as
    return (
        dimension.standard is not None
        or scores.reference is not None
        or scores.variable in ("residence_geography", "service_geography")
    )


def _is_area_column(dataset: Dataset, name: str) -> bool:
    """Whether a source column is of areas: by its standard, its name, or what another table makes of it."""
    column = dataset.source.column(name)
    if column.standard is not None and column.standard not in _NOT_AREAS:
        return True
    used = (d for table in dataset.tables for d in table.dimensions if d.column == name)
    return _names_an_area(column.name) or _names_an_area(column.label) or any(map(_is_place, used))


def _names_an_area(text: str) -> bool:
    """Whether a word of the text names an area; words are also set apart by underscores, digits and capitals."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return _AREA_WORD.search(re.sub(r"[_\-./]+", " ", words)) is not None


def _are_areas(values: Iterable[str]) -> bool:
    """Whether at least half of the values are written like areas of California, or are names of a reference's areas."""
    texts = {value.strip() for value in values}
    return any(2 * len(known) >= len(texts) > 0 and known for known in _written_like_areas(texts))


def _written_like_areas(texts: set[str]) -> Iterator[set[str]]:
    yield {text for text in texts if _AREA_CODE.fullmatch(text)}
    plain = {re.sub(r"( county)?(,? ca(lifornia)?)?$", "", text.casefold()) for text in texts}
    for name in population_references():
        yield plain & {area.casefold() for area in population_reference(name).population_by_name}
