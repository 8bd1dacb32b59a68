"""Which tables a source could be published as: what a record is, which columns make dimensions and measures, and why.

A proposal for the steward, made the same way every time: few dimensions to a table, because every further one costs points and
makes cells small (DDG 2.0 §4.3.1, §4.4). What a column stands for is decided in ``meaning``.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.base import LONGEST_TABLE_NAME
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.onboarding.meaning import AGE_BANDS, Meaning, Role
from include.opendata.onboarding.profile import ColumnProfile, Profile

RecordKind = Literal["person", "event", "aggregate"]

MOST_DIMENSIONS = 3
"""Dimensions of a table when no columns were asked for."""
MOST_CELLS = 20_000
MOST_COUNTS = 3
_RANK = {"county": 0, "area": 1, "time": 2, "age": 3, "group": 3, "category": 4}
_NOT_DIRECT = {"full-date", "age-over-89"}
"""Kinds that a wider category (a year, an age group) takes the harm from."""


class TableDesign(BaseModel):
    """One table: the source columns of its dimensions and of its figures. ``population``: the column of a public population
    that is shown beside, where adding it up counts no one twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    dimensions: tuple[str, ...]
    counts: tuple[str, ...] = ()
    population: str | None = None


class Design(BaseModel):
    """The proposal. ``personal``: column → what it looks like, for those that look personal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: RecordKind
    record_reason: str
    key: tuple[str, ...]
    person: str | None
    meanings: tuple[Meaning, ...]
    personal: dict[str, str]
    tables: tuple[TableDesign, ...]
    left_out: dict[str, str]

    def meaning(self, column: str) -> Meaning:
        """What ``column`` stands for; KeyError for an unknown column."""
        for meaning in self.meanings:
            if meaning.column == column:
                return meaning
        raise KeyError(column)


@dataclass(frozen=True)
class SourceFacts:
    """What was found out of a source.

    ``looks_as_individuals``: column → kinds of identifier it looks like, each with a sentence, should records be of persons;
    ``looks_as_aggregate``: should they be figures already added up. ``naming``: the categories that together name every record;
    empty where they do not.
    """

    profile: Profile
    meanings: tuple[Meaning, ...]
    looks_as_individuals: Mapping[str, Mapping[str, str]]
    looks_as_aggregate: Mapping[str, Mapping[str, str]]
    naming: tuple[str, ...]

    def columns_of(self, *roles: Role) -> list[str]:
        """The columns with one of these roles, in the source's order."""
        return [m.column for m in self.meanings if m.role in roles]

    def looks(self, record: RecordKind) -> Mapping[str, Mapping[str, str]]:
        """What each column looks like, records being of this kind."""
        return self.looks_as_aggregate if record == "aggregate" else self.looks_as_individuals

    def sentences(self, record: RecordKind) -> dict[str, str]:
        """Column → the first thing it looks like, in a sentence."""
        return {column: next(iter(kinds.values())) for column, kinds in self.looks(record).items()}


@dataclass(frozen=True)
class RecordGuess:
    """What a record is and why; ``person``: the column that names the person behind an event."""

    kind: RecordKind
    reason: str
    person: str | None = None


def check_named(columns: Sequence[str], profile: Profile, place: Place) -> None:
    """Raises InputError ``column-unknown``, naming every column asked for that the source does not have."""
    known = [column.name for column in profile.columns]
    unknown = [name for name in columns if name not in known]
    if not unknown:
        return
    names = []
    for name in unknown:
        similar = difflib.get_close_matches(name, known, n=1)
        names.append(f"{name!r}" + (f" (did you mean {similar[0]!r}?)" if similar else ""))
    raise InputError(
        f"the source has no column called {', '.join(names)}",
        remedy=f"Its columns are: {', '.join(known[:40])}{' …' if len(known) > 40 else ''}.",
        slug="column-unknown",
        place=place,
    )


def design(facts: SourceFacts, *, wanted: Sequence[str], name: str, place: Place) -> Design:
    """The proposal for a source. ``wanted``: columns that matter; ``name``: the dataset's id, which begins its tables' names.

    Raises InputError where no table can be made of it, DeclarationError where a wanted column cannot be used.
    """
    record = _record(facts)
    counts = _counts(facts, record.kind, place)
    eligible, left_out = _eligible(facts, record.kind, wanted)
    wanted_dimensions = [m for m in eligible if m.column in wanted]
    wanted_counts = [column for column in counts if column in wanted]
    _require_usable(wanted, [*(m.column for m in wanted_dimensions), *wanted_counts], facts.meanings, left_out, place)
    if not eligible:
        raise _no_dimension(place)
    return Design(
        record=record.kind,
        record_reason=record.reason,
        key=facts.naming if record.kind == "aggregate" else _key(facts),
        person=record.person,
        meanings=facts.meanings,
        personal=facts.sentences(record.kind),
        tables=tuple(
            _table(facts, record.kind, name, dims, tuple(wanted_counts or counts)[:MOST_COUNTS])
            for dims in _dimensions_of_tables(facts.profile, eligible, wanted_dimensions)
        ),
        left_out=left_out,
    )


def _table(
    facts: SourceFacts, record: RecordKind, name: str, dims: Sequence[Meaning], counts: tuple[str, ...]
) -> TableDesign:
    return TableDesign(
        table=_table_name(name, dims),
        dimensions=tuple(m.column for m in dims),
        counts=counts,
        population=_population(facts, record, dims, counts),
    )


def _record(facts: SourceFacts) -> RecordGuess:
    """What a record is. Figures beside categories that name every record: already added up. A number of a person: a person or,
    where several records share one, an event. A number or a date of an event: an event. Else a person, to be safe."""
    direct = _direct_identifiers(facts)
    figures = _figures(facts)
    if facts.naming and figures and not direct:
        return RecordGuess("aggregate", _why_added_up(facts.naming, figures))
    if persons := facts.columns_of("person"):
        return _person_or_event(persons[0], facts.profile)
    if events := facts.columns_of("event_id") or _dates(facts):
        return RecordGuess("event", f"{events[0]} speaks of something that happened at a time.")
    why = f"{direct[0]} looks personal" if direct else "nothing in it looks added up"
    return RecordGuess("person", f"No column speaks of an event, and {why}.")


def _person_or_event(person: str, profile: Profile) -> RecordGuess:
    named_so = f"{person} is named like the number of a person and"
    if (person,) in profile.keys:
        return RecordGuess("person", f"{named_so} no two records share one.")
    return RecordGuess("event", f"{named_so} several records share one.", person)


def _dates(facts: SourceFacts) -> list[str]:
    return [column for column in facts.columns_of("time") if facts.profile.column(column).type == "date"]


def _direct_identifiers(facts: SourceFacts) -> list[str]:
    """Columns that look like they name a person, should records be of persons."""
    # Counts hardly repeat either: that alone makes no column a code of persons.
    harmless = {*_NOT_DIRECT, "unique-code"}
    return [column for column, kinds in facts.looks_as_individuals.items() if set(kinds) - harmless]


def _figures(facts: SourceFacts) -> list[str]:
    """Columns that look like counts, also those no refresh could read."""
    unread = [c.name for c in facts.profile.columns if c.written in ("thousands", "masked")]
    return facts.columns_of("count", "population") + unread


def _why_added_up(naming: Sequence[str], figures: Sequence[str]) -> str:
    like_counts = "are named like counts" if len(figures) > 1 else "is named like a count"
    return (
        f"No two records have the same {_and(naming)}, and {_and(figures[:3])} {like_counts}: "
        "a record is a figure already added up."
    )


def _counts(facts: SourceFacts, record: RecordKind, place: Place) -> list[str]:
    """The columns that can be added up. Raises InputError where records are added up already and there are none."""
    if record != "aggregate":
        return []
    counts = facts.columns_of("count") or facts.columns_of("population")
    if not counts:
        raise _nothing_to_count(facts.profile, place)
    return counts


def _nothing_to_count(profile: Profile, place: Place) -> InputError:
    return InputError(
        "its records look added up, and none of its columns is a whole number that could be added up further",
        remedy="Have the source write plain whole numbers, such as 1234 instead of 1,234, and unmasked counts.",
        slug="source-no-count",
        place=place,
        details=tuple(f"{c.name}: {c.unreadable}" for c in profile.columns if c.unreadable and c.filled),
    )


def _no_dimension(place: Place) -> InputError:
    return InputError(
        "no column of the source could be a dimension of a table",
        remedy="Give a source with columns that group its records: a county, a year, a sex, an age, a category.",
        slug="source-no-dimension",
        place=place,
    )


def _require_usable(
    wanted: Sequence[str],
    usable: Sequence[str],
    meanings: Sequence[Meaning],
    left_out: Mapping[str, str],
    place: Place,
) -> None:
    """Raise DeclarationError ``column-not-usable``, saying of every wanted column that is not usable why."""
    useless = [column for column in wanted if column not in usable]
    if not useless:
        return
    reasons = {m.column: m.reason for m in meanings} | dict(left_out)
    raise DeclarationError(
        f"{len(useless)} of the columns that matter can be no part of a table",
        remedy="Leave them out, or have the source give them otherwise.",
        slug="column-not-usable",
        place=place,
        details=tuple(f"{column}: {reasons[column]}" for column in useless),
    )


def _eligible(facts: SourceFacts, record: RecordKind, wanted: Sequence[str]) -> tuple[list[Meaning], dict[str, str]]:
    """The columns that may be dimensions, those to prefer first; and why others may not."""
    left_out = {
        m.column: reason
        for m in facts.meanings
        if m.is_dimension and (reason := _why_left_out(m, facts, record, m.column in wanted))
    }
    # Sorted, equally good ones keep the source's order.
    eligible = sorted(
        (m for m in facts.meanings if m.is_dimension and m.column not in left_out),
        key=lambda m: (m.column not in wanted, _RANK[m.role], bool(m.question)),
    )
    return eligible, left_out


def _why_left_out(m: Meaning, facts: SourceFacts, record: RecordKind, is_wanted: bool) -> str:
    """Why this column is no dimension although it could be one; empty where it may be."""
    column = facts.profile.column(m.column)
    if looks_personal := _looks_personal(facts.looks(record).get(m.column, {})):
        return f"It looks personal: {looks_personal}."
    if m.scores.get("reference") == "california_counties" and facts.columns_of("county"):
        return "The counties' numbers say the same, and the names are published with them."
    if m.role != "time" and _has_one_category(m, column):
        return "It has one category."
    # Rare categories make small cells; of added-up records it is the figures that are small or not.
    if m.role == "category" and record != "aggregate" and column.rare and not is_wanted:
        return "Some of its categories have very few records; name it as a column that matters to have it."
    return ""


def _looks_personal(looks: Mapping[str, str]) -> str:
    """The first sentence about an identifier that a wider category does not take the harm from; empty where there is none."""
    return next((sentence for kind, sentence in looks.items() if kind not in _NOT_DIRECT), "")


def _has_one_category(m: Meaning, column: ColumnProfile) -> bool:
    return column.values is not None and len(column.values) - len(m.totals) < 2


def _dimensions_of_tables(
    profile: Profile, eligible: Sequence[Meaning], wanted: Sequence[Meaning]
) -> list[list[Meaning]]:
    """Wanted: one table with all of them. Else place and time together, the groups of persons together; a category joins
    only where there is little else. A table too large loses its last dimension."""
    sizes = {m.column: _size(profile, m) for m in eligible}
    if wanted:
        return [_small_enough(list(wanted), sizes)]
    place_and_time = [*_of(eligible, "county", "area")[:1], *_of(eligible, "time")[:1]]
    groups = _of(eligible, "age", "group")[:MOST_DIMENSIONS]
    room = MOST_DIMENSIONS - len(place_and_time) - len(groups)
    if room >= 0:
        return [_small_enough([*place_and_time, *groups, *_categories(eligible)[:room]], sizes)]
    first = place_and_time if len(place_and_time) == 2 else [*place_and_time, *groups[:1]]
    second = [*groups, *_of(eligible, "time")[:1]][:MOST_DIMENSIONS]
    tables = [_small_enough(first, sizes), _small_enough(second, sizes)]
    # The same dimensions twice are one table.
    return tables[:1] if {m.column for m in tables[0]} == {m.column for m in tables[1]} else tables


def _of(meanings: Sequence[Meaning], *roles: Role) -> list[Meaning]:
    return [m for m in meanings if m.role in roles]


def _categories(eligible: Sequence[Meaning]) -> list[Meaning]:
    """Other categories, those without a question where there are any."""
    categories = _of(eligible, "category")
    return [m for m in categories if not m.question] or categories


def _small_enough(dims: list[Meaning], sizes: Mapping[str, int]) -> list[Meaning]:
    while len(dims) > 1 and math.prod(sizes[m.column] + 1 for m in dims) > MOST_CELLS:
        dims = dims[:-1]
    return dims


def _size(profile: Profile, m: Meaning) -> int:
    column = profile.column(m.column)
    if m.role == "age":
        return len(AGE_BANDS)
    if column.type == "date":
        return int((column.high or 0) - (column.low or 0)) + 1
    return len(column.values or ()) or column.distinct


def _population(facts: SourceFacts, record: RecordKind, dims: Sequence[Meaning], counts: Sequence[str]) -> str | None:
    """A population beside the counts: only where the table's dimensions name every record, or people would be added twice."""
    if record != "aggregate" or not set(facts.naming) <= {m.column for m in dims}:
        return None
    return next((column for column in facts.columns_of("population") if column not in counts), None)


def _key(facts: SourceFacts) -> tuple[str, ...]:
    """The number that names a record, where there is one: characteristics of a person never do."""
    numbers = {m.column for m in _of(facts.meanings, "person", "event_id", "none") if not m.is_dimension}
    return next((key for key in facts.profile.keys if set(key) <= numbers), ())


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _table_name(name: str, dims: Sequence[Meaning]) -> str:
    parts = [re.sub(r"[^a-z0-9]+", "_", m.label.lower()).strip("_") for m in dims]
    listed = "_".join([*parts[:-1], "and", parts[-1]] if len(parts) == 2 else parts)
    return f"{name[:40].rstrip('_')}_by_{listed}"[:LONGEST_TABLE_NAME].rstrip("_")
