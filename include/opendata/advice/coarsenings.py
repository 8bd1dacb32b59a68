"""The ways a table's dimensions can be made coarser, each within what a declaration can say.

Years together, wider age groups, regions in place of counties, rare categories together as “Other”, one dimension fewer:
the methods to think of before suppressing (DDG 2.0 §4.4). Calendar years cut from a date cannot be put together, for a
declaration has no word for it; months and quarters can. Which way is worth while is decided in ``advisor``, on the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from include.opendata.advice.ordered import Span, bands_of_ages, joined, periods_of_years
from include.opendata.advice.visibility import without_totals
from include.opendata.declaration.source import SourceColumn
from include.opendata.declaration.tables import Dimension, Table
from include.opendata.gate.scored_dimensions import age_bands
from include.opendata.rules.regions import counties_by_region
from include.opendata.vocabulary import DataTable, TableDimension

Kind = Literal["periods", "ages", "region", "other", "without"]
"""In the order they are tried."""
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
MOST_NAMED = 6
"""New categories up to which they are named in a sentence."""
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
    table: Table, columns: Mapping[str, SourceColumn], tabulated: DataTable, values_found: ValuesFound
) -> list[Coarsening]:
    """Every single coarsening of ``table``, in a stable order. ``tabulated``: its true figures, for what is rare."""
    categories = {d.name: d for d in tabulated.structure.dimensions}
    taken = {d.name.lower() for d in table.dimensions} | {m.name.lower() for m in table.measures}
    ways: list[Coarsening] = []
    for declared in table.dimensions:
        d = _TableDimension(declared, categories[declared.name], columns[declared.column], frozenset(taken))
        ways += [*_periods(d), *_ages(d), *_region(d, values_found), *_other(d, tabulated)]
    if len(table.dimensions) > 1:
        ways += [_without(declared) for declared in table.dimensions]
    return sorted(ways, key=lambda way: get_args(Kind).index(way.kind))


@dataclass(frozen=True)
class _NewCategories:
    """What a declaration says in place of a dimension's categories, and their labels where it says them."""

    said: Mapping[str, object]
    labels: tuple[str, ...] = ()

    @classmethod
    def bins(cls, spans: Sequence[Span]) -> _NewCategories:
        """Ranges of the source's numbers."""
        bins = [
            {"from": span.first, **({"to": span.last} if span.last is not None else {}), "label": span.label}
            for span in spans
        ]
        return cls({"bins": bins}, tuple(span.label for span in spans))

    @classmethod
    def recode(cls, values: Mapping[str, Sequence[str]]) -> _NewCategories:
        """Label → the source's values it gathers."""
        return cls({"recode": {label: list(gathered) for label, gathered in values.items()}}, tuple(values))


@dataclass(frozen=True)
class _TableDimension:
    """A dimension as it is declared, its categories in the table, its source column, and the names its table has given."""

    declared: Dimension
    categories: TableDimension
    column: SourceColumn
    names_taken: frozenset[str]

    @property
    def labels(self) -> list[str]:
        """Its categories but for the missing one."""
        return [label for label in self.categories.labels if label != self.declared.missing]

    @property
    def has_whole_numbers(self) -> bool:
        """Whether its labels are the source's numbers, which ranges can be made of."""
        return self.column.type == "integer" and self.declared.labels is None

    def values_of(self, label: str) -> tuple[str, ...]:
        """The source's values that a label stands for."""
        if self.declared.recode is not None:
            return tuple(self.declared.recode.get(label, ()))
        if self.declared.labels is not None:
            return tuple(value for value, written in self.declared.labels.items() if written == label)
        return (label,)

    def groups_of_labels(self, spans: Sequence[Span]) -> _NewCategories:
        """Categories that gather the labels of each span: ranges where the source has numbers, else lists of its values."""
        if self.has_whole_numbers:
            return _NewCategories.bins(spans)
        return _NewCategories.recode(
            {span.label: [value for label in span.values for value in self.values_of(label)] for span in spans}
        )

    def with_categories(
        self,
        new: _NewCategories,
        *,
        name: str | None = None,
        keeps_missing: bool = True,
        more: Mapping[str, object] | None = None,
    ) -> Dimension:
        """The dimension with other categories; only what is declared is written, so that it reads as a steward would write it.

        ``name``: a new one, where the old one would mislead. ``keeps_missing``: whether blanks keep their category.
        """
        old = self.declared
        written = old.model_dump(by_alias=True, exclude_unset=True)
        # What was said of each category is not said of several together.
        for field in ("labels", "recode", "bins", "period", "standard", "attributes", "least_interesting"):
            written.pop(field, None)
        if name is not None and name != old.name:
            written |= {"name": name, "label": name.replace("_", " ").capitalize()}
        written |= {**new.said, **(more or {})}
        kept = {*new.labels, *([old.missing] if keeps_missing else [])}
        if least_interesting := [label for label in old.least_interesting if label in kept]:
            written["least_interesting"] = least_interesting
        return Dimension.model_validate(written)

    def better_name(self, misleading: str, better: str) -> str:
        """A column called “Year” that holds periods misleads; it gets the better name where that is free."""
        name = self.declared.name
        return better if name.lower() == misleading.lower() and better.lower() not in self.names_taken else name

    def way(
        self, slug: str, kind: Kind, words: str, replacement: Dimension, reference: str | None = None
    ) -> Coarsening:
        """A coarsening of this dimension."""
        return Coarsening(slug, kind, self.declared.name, words, replacement, reference)


def _periods(d: _TableDimension) -> Iterator[Coarsening]:
    if d.declared.scores_as.variable != "time":
        return
    if d.declared.period is not None:
        yield from _longer_units(d, d.declared.period)
    elif d.declared.bins is not None:
        yield from _periods_together(d)
    elif d.declared.recode is None:
        yield from _years_together(d)


def _longer_units(d: _TableDimension, period: str) -> Iterator[Coarsening]:
    """Months by quarter, quarters by year and so on."""
    for unit in UNITS[UNITS.index(period) + 1 :]:
        replacement = d.with_categories(_NewCategories({"period": unit}), name=d.better_name(period, unit.title()))
        name = unit.replace("_", "-")
        yield d.way(f"by-{name}", "periods", f"Put {period.replace('_', '-')}s together by {name}", replacement)


def _periods_together(d: _TableDimension) -> Iterator[Coarsening]:
    """Longer periods made of those there are."""
    spans = [Span(b.from_, b.to, b.label) for b in d.declared.bins or () if b.label in d.categories.labels]
    for wider in _joined_in_several_ways(spans):
        replacement = d.with_categories(_NewCategories.bins(wider))
        yield d.way(f"{len(wider)}-periods", "periods", f"Put periods together: {_listed(wider)}", replacement)


def _years_together(d: _TableDimension) -> Iterator[Coarsening]:
    """Periods of several years."""
    if not d.labels or not all(label.isdigit() and len(label) == 4 for label in d.labels):
        return
    for width in YEARS:
        periods = periods_of_years([int(label) for label in d.labels], width)
        if len(periods) < 2:
            continue
        last = periods[-1].width
        words = f"Put years together in periods of {width}" + (f" (the last of {last})" if last != width else "")
        replacement = d.with_categories(
            d.groups_of_labels(periods),
            name=d.better_name("year", "Period"),
            more={"definition": f"{d.declared.definition.rstrip('.')}; years are put together in periods."},
        )
        yield d.way(f"periods-of-{width}", "periods", words, replacement)


def _ages(d: _TableDimension) -> Iterator[Coarsening]:
    if d.declared.scores_as.variable != "age_range":
        return
    has_groups = d.declared.bins is not None or d.declared.recode is not None
    if not has_groups and d.labels and all(label.isdigit() for label in d.labels):
        yield from _ages_together(d)
    else:
        yield from _wider_age_groups(d)


def _ages_together(d: _TableDimension) -> Iterator[Coarsening]:
    """Groups of single ages."""
    for width in AGES:
        bands = bands_of_ages([int(label) for label in d.labels], width)
        if 1 < len(bands) < len(d.labels):
            replacement = d.with_categories(d.groups_of_labels(bands))
            yield d.way(f"ages-of-{width}", "ages", f"Make the age groups wider: {width} years each", replacement)


def _wider_age_groups(d: _TableDimension) -> Iterator[Coarsening]:
    """Wider groups made of those there are, where the ages of each can be read."""
    bands = age_bands(d.declared, d.categories)
    if len(bands) != len(d.labels):
        return
    spans = sorted(
        (Span(first, last, label, d.values_of(label)) for (first, last), label in zip(bands, d.labels, strict=True)),
        key=lambda span: span.first,
    )
    for wider in _joined_in_several_ways(spans):
        new = (
            _NewCategories.bins(wider)
            if d.declared.bins is not None
            else _NewCategories.recode({span.label: span.values for span in wider})
        )
        words = f"Make the age groups wider: {_listed(wider)}"
        yield d.way(f"{len(wider)}-age-groups", "ages", words, d.with_categories(new))


def _region(d: _TableDimension, values_found: ValuesFound) -> Iterator[Coarsening]:
    if d.declared.standard != "county":
        return
    more: dict[str, object] = {"definition": "Region of the California Census 2020, neighboring counties put together."}
    if d.declared.scores_as.setting is None:
        more["scores_as"] = {"variable": d.declared.scores_as.variable, "reference": "california_regions"}
    replacement = d.with_categories(
        _NewCategories.recode(_values_by_region(d.column, values_found)),
        name="Region" if "region" not in d.names_taken else f"{d.declared.name}_Region",
        keeps_missing=False,
        more=more,
    )
    yield d.way("regions", "region", "Show regions in place of counties", replacement, "california_regions")


def _values_by_region(column: SourceColumn, values_found: ValuesFound) -> dict[str, list[str]]:
    """Region → the values of its counties, as the source writes them; regions without any are left out."""
    if isinstance(column.valid_values, list):
        known = column.valid_values
        values = {
            region: [value for value in known if value[-3:].rjust(3, "0") in counties]
            for region, counties in counties_by_region().items()
        }
    else:
        ways = _ways_to_write(values_found(column.name), column)
        values = {
            region: [way(county) for county in counties for way in ways]
            for region, counties in counties_by_region().items()
        }
    return {region: counties for region, counties in values.items() if counties}


def _other(d: _TableDimension, tabulated: DataTable) -> Iterator[Coarsening]:
    if not _has_plain_categories(d.declared) or len(d.labels) < FEWEST_FOR_OTHER:
        return
    for together in _rarest_together(d, tabulated):
        values = {label: list(d.values_of(label)) for label in d.labels if label not in together}
        values[OTHER] = [value for label in d.labels if label in together for value in d.values_of(label)]
        yield d.way(
            f"{d.declared.name.lower()}-{len(together)}-as-other",
            "other",
            f"Put the {len(together)} rarest categories of {d.declared.name} together as “{OTHER}”",
            d.with_categories(_NewCategories.recode(values)),
        )


def _rarest_together(d: _TableDimension, tabulated: DataTable) -> Iterator[set[str]]:
    """The two rarest categories and the rarer half, an “Other” that is there already being one of them."""
    rarest = [label for label in _rarest_first(d.labels, d.declared.name, tabulated) if label != OTHER]
    other_there = {OTHER} & set(d.labels)
    for count in dict.fromkeys((2, len(d.labels) // 2)):
        together = {*rarest[: count - len(other_there)], *other_there}
        if len(together) > 1:
            yield together


def _has_plain_categories(d: Dimension) -> bool:
    """Whether its categories make sense together as “Other”: neither ranges nor periods nor what a standard names."""
    return d.scores_as.variable in CAN_BE_OTHER and d.bins is None and d.period is None and d.standard is None


def _without(d: Dimension) -> Coarsening:
    return Coarsening(f"without-{d.name.lower()}", "without", d.name, f"Leave out the dimension {d.name}", None)


def _rarest_first(labels: list[str], dimension: str, tabulated: DataTable) -> list[str]:
    """``labels`` by the events in them, fewest first; equally rare ones in their published order."""
    count = next(m.name for m in tabulated.structure.measures if m.role == "count")
    details = tabulated.frame[without_totals(tabulated)]
    events = details.groupby(dimension, sort=False)[count].sum().to_dict()
    return sorted(labels, key=lambda label: (int(events.get(label, 0)), labels.index(label)))


def _joined_in_several_ways(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Neighbours put together to half as many, a third as many and two groups, as far as they can be."""
    count = len(spans)
    for groups in dict.fromkeys((-(-count // 2), -(-count // 3), 2)):
        if 2 <= groups < count and (wider := joined(spans, groups)):
            yield wider


def _ways_to_write(values: Sequence[str], column: SourceColumn) -> list[Callable[[str], str]]:
    """How the source writes a county: its number within the state, with the state's in front, or both."""
    with_state = [len(value) > 3 for value in values]
    # A whole number has lost the zeros in front.
    number: Callable[[str], str] = (lambda code: str(int(code))) if column.type == "integer" else str
    state = str(int(CALIFORNIA)) if column.type == "integer" else CALIFORNIA
    ways: list[Callable[[str], str]] = []
    if not all(with_state):
        ways.append(number)
    if any(with_state):
        ways.append(lambda code: state + code)
    return ways


def _listed(spans: Sequence[Span]) -> str:
    if len(spans) > MOST_NAMED:
        return f"{len(spans)} groups"
    return ", ".join(span.label for span in spans)
