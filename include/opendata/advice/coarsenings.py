"""The ways a table's dimensions can be made coarser, each within what a declaration can say.

Years together, wider age groups, regions in place of counties, rare categories together as “Other”, one dimension fewer:
the methods to think of before suppressing (DDG 2.0 §4.4). Calendar years cut from a date cannot be put together, for a
declaration has no word for it; months and quarters can. Which way is worth while is decided in ``advisor``, on the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from include.opendata.advice.ordered import Span, bands_of_ages, joined, periods_of_years
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.gate.scored_dimensions import age_bands
from include.opendata.rules.regions import counties_by_region
from include.opendata.vocabulary import DataTable, TableDimension

Kind = Literal["periods", "ages", "region", "other", "without"]
ValuesFound = Callable[[str], Sequence[str]]
"""The distinct values of a source column that names counties."""

YEARS = (2, 3, 5)
AGES = (5, 10, 20)
UNITS = ("month", "quarter", "half_year", "year")
CAN_BE_OTHER = (
    "race_ethnicity",
    "detailed_race",
    "detailed_ethnicity",
    "language",
    "insurance_coverage",
    "means_tested_program",
    "other",
    "unlisted",
)
"""Scoring variables whose categories make sense together as “Other”."""
FEWEST_FOR_OTHER = 4
OTHER = "Other"
CALIFORNIA = "06"


@dataclass(frozen=True)
class Coarsening:
    """One change of one dimension. ``replacement`` None: the dimension is left out. ``reference``: the population
    reference that goes with the new categories, where the old one no longer does."""

    slug: str
    kind: Kind
    dimension: str
    words: str
    replacement: Dimension | None
    reference: str | None = None


def coarsenings(
    table: Table, columns: dict[str, SourceColumn], tabulated: DataTable, values_found: ValuesFound
) -> list[Coarsening]:
    """Every single coarsening of ``table``, in a stable order. ``tabulated``: its true figures, for what is rare."""
    found = {d.name: d for d in tabulated.structure.dimensions}
    taken = {d.name.lower() for d in table.dimensions} | {m.name.lower() for m in table.measures}
    made: list[Coarsening] = []
    for dimension in table.dimensions:
        one, column = found[dimension.name], columns[dimension.column]
        made += _periods(dimension, one, column, taken)
        made += _ages(dimension, one, column)
        made += _region(dimension, values_found, column, taken)
        made += _other(dimension, one, tabulated)
    if len(table.dimensions) > 1:
        made += [_without(d) for d in table.dimensions]
    order = ("periods", "ages", "region", "other", "without")
    return sorted(made, key=lambda c: order.index(c.kind))


def _periods(d: Dimension, found: TableDimension, column: SourceColumn, taken: set[str]) -> Iterator[Coarsening]:
    if d.scores_as.variable != "time":
        return
    if d.period is not None:
        for unit in UNITS[UNITS.index(d.period) + 1 :]:
            name = unit.replace("_", "-")
            yield Coarsening(
                f"by-{name}",
                "periods",
                d.name,
                f"Put {d.period.replace('_', '-')}s together by {name}",
                _replaced(d, {"period": unit}, found, name=_renamed(d, d.period, unit.title(), taken)),
            )
        return
    if d.bins is not None:
        spans = [Span(b.from_, b.to, b.label) for b in d.bins if b.label in found.labels]
        for groups in _group_counts(len(spans)):
            wider = joined(spans, groups)
            if wider:
                replacement = _replaced(d, _bins(wider), found)
                yield Coarsening(
                    f"{len(wider)}-periods", "periods", d.name, f"Put periods together: {_listed(wider)}", replacement
                )
        return
    labels = [label for label in found.labels if label != d.missing]
    if d.recode is not None or not labels or not all(label.isdigit() and len(label) == 4 for label in labels):
        return
    for width in YEARS:
        periods = periods_of_years([int(label) for label in labels], width)
        if len(periods) < 2:
            continue
        longer = (periods[-1].last or 0) - periods[-1].first + 1
        words = f"Put years together in periods of {width}" + (f" (the last of {longer})" if longer != width else "")
        how = _bins(periods) if column.type == "integer" and d.labels is None else _recode(periods, d)
        name = _renamed(d, "year", "Period", taken)
        how["definition"] = f"{d.definition.rstrip('.')}; years are put together in periods."
        yield Coarsening(f"periods-of-{width}", "periods", d.name, words, _replaced(d, how, found, name=name))


def _ages(d: Dimension, found: TableDimension, column: SourceColumn) -> Iterator[Coarsening]:

    if d.scores_as.variable != "age_range":
        return
    labels = [label for label in found.labels if label != d.missing]
    if d.bins is None and d.recode is None and labels and all(label.isdigit() for label in labels):
        for width in AGES:
            wider = bands_of_ages([int(label) for label in labels], width)
            if 1 < len(wider) < len(labels):
                how = _bins(wider) if column.type == "integer" and d.labels is None else _recode(wider, d)
                words = f"Make the age groups wider: {width} years each"
                yield Coarsening(f"ages-of-{width}", "ages", d.name, words, _replaced(d, how, found))
        return
    bands = age_bands(d, found)
    if len(bands) != len(labels):
        return
    spans = [Span(a, b, label, _values(d, label)) for (a, b), label in zip(bands, labels, strict=True)]
    spans.sort(key=lambda span: span.first)
    for groups in _group_counts(len(spans)):
        wider = joined(spans, groups)
        if wider:
            how = _bins(wider) if d.bins is not None else {"recode": {s.label: list(s.values) for s in wider}}
            words = f"Make the age groups wider: {_listed(wider)}"
            yield Coarsening(f"{len(wider)}-age-groups", "ages", d.name, words, _replaced(d, how, found))


def _region(d: Dimension, values_found: ValuesFound, column: SourceColumn, taken: set[str]) -> Iterator[Coarsening]:
    if d.standard != "county":
        return
    if isinstance(column.valid_values, list):
        known: Sequence[str] = column.valid_values
        recode = {
            region: [value for value in known if value[-3:].rjust(3, "0") in counties]
            for region, counties in counties_by_region().items()
        }
    else:
        ways = _ways_to_write(values_found(d.column), column)
        recode = {
            region: [way(county) for county in counties for way in ways]
            for region, counties in counties_by_region().items()
        }
    more: dict[str, Any] = {"recode": {region: values for region, values in recode.items() if values}}
    more["definition"] = "Region of the California Census 2020, neighboring counties put together."
    scores: dict[str, Any] = {"variable": d.scores_as.variable, "reference": "california_regions"}
    if d.scores_as.setting is None:
        more["scores_as"] = scores
    name = "Region" if "region" not in taken else f"{d.name}_Region"
    replacement = _replaced(d, more, None, name=name)
    yield Coarsening(
        "regions", "region", d.name, "Show regions in place of counties", replacement, "california_regions"
    )


def _other(d: Dimension, found: TableDimension, tabulated: DataTable) -> Iterator[Coarsening]:
    labels = [label for label in found.labels if label != d.missing]
    if (
        d.scores_as.variable not in CAN_BE_OTHER
        or d.bins is not None
        or d.period is not None
        or d.standard is not None
        or len(labels) < FEWEST_FOR_OTHER
    ):
        return
    rarest = _rarest_first(labels, d.name, tabulated)
    candidates = [label for label in rarest if label != OTHER]
    for count in dict.fromkeys((2, len(labels) // 2)):
        together = {*candidates[: count - (OTHER in labels)], *([OTHER] if OTHER in labels else [])}
        if len(together) < 2:
            continue
        recode = {label: list(_values(d, label)) for label in labels if label not in together}
        recode[OTHER] = [value for label in labels if label in together for value in _values(d, label)]
        slug, words = f"{len(together)}-as-other", f"Put the {len(together)} rarest categories of {d.name} together"
        yield Coarsening(
            f"{d.name.lower()}-{slug}",
            "other",
            d.name,
            f"{words} as “{OTHER}”",
            _replaced(d, {"recode": recode}, found),
        )


def _without(d: Dimension) -> Coarsening:
    return Coarsening(f"without-{d.name.lower()}", "without", d.name, f"Leave out the dimension {d.name}", None)


def _rarest_first(labels: list[str], dimension: str, tabulated: DataTable) -> list[str]:
    """``labels`` by the events in them, fewest first; equally rare ones in their published order."""
    structure, frame = tabulated.structure, tabulated.frame
    count = next(m.name for m in structure.measures if m.role == "count")
    inside = np.ones(len(frame), dtype=bool)
    for d in structure.dimensions:
        if d.total is not None:
            inside &= (frame[d.name] != d.total).to_numpy(dtype=bool)
    events = frame[inside].groupby(dimension, sort=False)[count].sum().to_dict()
    return sorted(labels, key=lambda label: (int(events.get(label, 0)), labels.index(label)))


def _group_counts(count: int) -> list[int]:
    """How many groups to try to make of so many: half, a third, two."""
    return [n for n in dict.fromkeys((-(-count // 2), -(-count // 3), 2)) if 2 <= n < count]


def _replaced(
    d: Dimension, more: dict[str, Any], found: TableDimension | None, *, name: str | None = None
) -> Dimension:
    """``d`` with other categories; only what is declared is written, so that it reads as a steward would write it."""
    written = d.model_dump(by_alias=True, exclude_unset=True)
    for way in ("labels", "recode", "bins", "period", "standard", "attributes"):
        written.pop(way, None)  # what was said of each category is not said of several together
    written["name"] = name or d.name
    if written["name"] != d.name:
        written["label"] = written["name"].replace("_", " ").capitalize()
    written |= more
    known = {*written.get("recode", {}), *(b["label"] for b in written.get("bins", []))}
    kept = [label for label in d.least_interesting if label in known or (found is not None and label == d.missing)]
    if kept:
        written["least_interesting"] = kept
    else:
        written.pop("least_interesting", None)
    return Dimension.model_validate(written)


def _renamed(d: Dimension, told: str, better: str, taken: set[str]) -> str:
    """A column called “Year” that holds periods misleads; it gets the better name where that is free."""
    return better if d.name.lower() == told.lower() and better.lower() not in taken else d.name


def _bins(spans: list[Span]) -> dict[str, Any]:
    return {
        "bins": [{"from": s.first, **({"to": s.last} if s.last is not None else {}), "label": s.label} for s in spans]
    }


def _recode(spans: list[Span], d: Dimension) -> dict[str, Any]:
    return {"recode": {s.label: [v for label in s.values for v in _values(d, label)] for s in spans}}


def _values(d: Dimension, label: str) -> tuple[str, ...]:
    """The source's values that a label stands for."""
    if d.recode is not None:
        return tuple(d.recode.get(label, ()))
    if d.labels is not None:
        return tuple(value for value, written in d.labels.items() if written == label)
    return (label,)


def _ways_to_write(found: Sequence[str], column: SourceColumn) -> list[Callable[[str], str]]:
    """How the source writes a county: its number within the state, with the state's in front, or both."""
    long = [len(value) > 3 for value in found]
    number: Callable[[str], str] = (lambda code: str(int(code))) if column.type == "integer" else str
    state = str(int(CALIFORNIA)) if column.type == "integer" else CALIFORNIA
    return ([number] if not all(long) else []) + ([lambda code: state + code] if any(long) else [])


def _listed(spans: list[Span]) -> str:
    if len(spans) > 6:
        return f"{len(spans)} groups"
    return ", ".join(span.label for span in spans)
