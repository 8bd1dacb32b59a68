"""Which tables a source could be published as: what a record is, which columns make dimensions and measures, and why.

A proposal for the steward, made the same way every time: few dimensions to a table, because every further one costs points and
makes cells small (DDG 2.0 §4.3.1, §4.4). What a column stands for is decided in ``meaning``.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from include.opendata.declaration.base import LONGEST_TABLE_NAME
from include.opendata.errors import DeclarationError, InputError, Place
from include.opendata.onboarding.meaning import AGE_BANDS, Meaning
from include.opendata.onboarding.profile import Profile

RecordKind = Literal["person", "event", "aggregate"]

MOST_DIMENSIONS = 3
"""Dimensions of a table nobody asked columns for."""
MOST_CELLS = 20_000
MOST_COUNTS = 3
_RANK = {"county": 0, "area": 1, "time": 2, "age": 3, "group": 3, "category": 4}
_NOT_DIRECT = ("full-date", "age-over-89")
"""Kinds that a wider category (a year, an age group) takes the harm from."""


class TableDesign(BaseModel):
    """One table: the source columns of its dimensions and of its figures. ``population``: the column of a public population
    that is shown beside, where adding it up counts nobody twice."""

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
        """What ``column`` stands for; KeyError for a column nobody knows."""
        for meaning in self.meanings:
            if meaning.column == column:
                return meaning
        raise KeyError(column)


def check_named(columns: Sequence[str], profile: Profile, place: Place) -> None:
    """Raises InputError ``column-unknown``, naming every column asked for that the source does not have."""
    known = [column.name for column in profile.columns]
    unknown = [name for name in columns if name not in known]
    if not unknown:
        return
    said = []
    for name in unknown:
        near = difflib.get_close_matches(name, known, n=1)
        said.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    raise InputError(
        f"the source has no column called {', '.join(said)}",
        remedy=f"Its columns are: {', '.join(known[:40])}{' …' if len(known) > 40 else ''}.",
        slug="column-unknown",
        place=place,
    )


def design(
    profile: Profile,
    meanings: Sequence[Meaning],
    personal: Mapping[str, Mapping[str, str]],
    *,
    personal_if_aggregate: Mapping[str, Mapping[str, str]],
    naming: tuple[str, ...],
    wanted: Sequence[str],
    name: str,
    place: Place,
) -> Design:
    """The proposal for a source. ``personal``: column → kinds of identifier it looks like, each with a sentence, should records
    be of persons; ``personal_if_aggregate``: should they be added up; ``naming``: the categories that together name every
    record, empty where they do not; ``wanted``: columns that matter.

    Raises InputError where no table can be made of it, DeclarationError where a wanted column cannot be used.
    """
    record, reason, person = _record(profile, meanings, personal, naming)
    looks = personal_if_aggregate if record == "aggregate" else personal
    direct = {c: next(said for kind, said in kinds.items() if kind not in _NOT_DIRECT)
              for c, kinds in looks.items() if set(kinds) - set(_NOT_DIRECT)}  # fmt: skip
    counts = _counts(meanings, record)
    if record == "aggregate" and not counts:
        raise _nothing_to_count(profile, meanings, place)
    eligible, left_out = _eligible(profile, meanings, direct, record, wanted)
    named = [m for m in eligible if m.column in wanted]
    wanted_counts = [m.column for m in meanings if m.column in wanted and m.column in counts]
    useless = [c for c in wanted if c not in {m.column for m in named} | set(wanted_counts)]
    if useless:
        raise DeclarationError(
            f"{len(useless)} of the columns that matter can be no part of a table",
            remedy="Leave them out, or have the source give them otherwise.",
            slug="column-not-usable",
            place=place,
            details=tuple(
                f"{c}: {left_out.get(c) or next(m.reason for m in meanings if m.column == c)}" for c in useless
            ),
        )
    if not eligible:
        raise InputError(
            "no column of the source could be a dimension of a table",
            remedy="Give a source with columns that group its records: a county, a year, a sex, an age, a category.",
            slug="source-no-dimension",
            place=place,
        )
    chosen_counts = tuple(wanted_counts or counts)[:MOST_COUNTS]
    sizes = {m.column: _size(profile, m) for m in eligible}
    tables = tuple(
        TableDesign(
            table=_table_name(name, dims),
            dimensions=tuple(m.column for m in dims),
            counts=chosen_counts,
            population=_population(meanings, dims, record, naming, chosen_counts),
        )
        for dims in _dimensions_of_tables(named or eligible, sizes, asked=bool(named))
    )
    return Design(
        record=record,
        record_reason=reason,
        key=naming if record == "aggregate" else _key(profile, meanings),
        person=person,
        meanings=tuple(meanings),
        personal={c: next(iter(kinds.values())) for c, kinds in looks.items()},
        tables=tables,
        left_out=left_out,
    )


def _record(
    profile: Profile, meanings: Sequence[Meaning], personal: Mapping[str, Mapping[str, str]], naming: tuple[str, ...]
) -> tuple[RecordKind, str, str | None]:
    """(kind, why, the column that names the person behind an event)."""
    figures = [m.column for m in meanings if m.role in ("count", "population")]
    figures += [c.name for c in profile.columns if c.written in ("thousands", "masked")]
    # Counts hardly repeat either: that alone makes no column a code of persons.
    direct = [c for c, kinds in personal.items() if set(kinds) - {*_NOT_DIRECT, "unique-code"}]
    if naming and figures and not direct:
        several = len(figures) > 1
        return (
            "aggregate",
            f"No two records have the same {_and(naming)}, and {_and(figures[:3])} "
            f"{'are' if several else 'is'} named like {'counts' if several else 'a count'}: a record is a figure already "
            "added up.",
            None,
        )
    persons = [m.column for m in meanings if m.role == "person"]
    unique = {key[0] for key in profile.keys if len(key) == 1}
    if persons and persons[0] in unique:
        return "person", f"{persons[0]} is named like the number of a person and no two records share one.", None
    if persons:
        return "event", f"{persons[0]} is named like the number of a person and several records share one.", persons[0]
    events = [m.column for m in meanings if m.role == "event_id"]
    dates = [m.column for m in meanings if m.role == "time" and profile.column(m.column).type == "date"]
    if events or dates:
        return "event", f"{(events or dates)[0]} tells of something that happened at a time.", None
    why = f"{direct[0]} looks personal" if direct else "nothing in it looks added up"
    return "person", f"Nothing tells of an event, and {why}.", None


def _counts(meanings: Sequence[Meaning], record: RecordKind) -> tuple[str, ...]:
    if record != "aggregate":
        return ()
    counts = tuple(m.column for m in meanings if m.role == "count")
    return counts or tuple(m.column for m in meanings if m.role == "population")


def _nothing_to_count(profile: Profile, meanings: Sequence[Meaning], place: Place) -> InputError:
    unread = [f"{c.name}: {c.unreadable}" for c in profile.columns if c.unreadable and c.filled]
    return InputError(
        "its records look added up, and none of its columns is a whole number that could be added up further",
        remedy="Have the source write plain whole numbers, such as 1234 instead of 1,234, and unmasked counts.",
        slug="source-no-count",
        place=place,
        details=tuple(unread),
    )


def _eligible(
    profile: Profile, meanings: Sequence[Meaning], direct: Mapping[str, str], record: RecordKind, wanted: Sequence[str]
) -> tuple[list[Meaning], dict[str, str]]:
    """The columns that may be dimensions, those to prefer first; and why others may not."""
    left_out: dict[str, str] = {}
    found: list[tuple[tuple[bool, int, bool, int], Meaning]] = []
    by_fips = any(m.role == "county" for m in meanings)
    for position, m in enumerate(meanings):
        column = profile.column(m.column)
        if not m.is_dimension:
            continue
        if m.column in direct:
            left_out[m.column] = f"It looks personal: {direct[m.column]}."
        elif by_fips and m.scores.get("reference") == "california_counties":
            left_out[m.column] = "The counties' numbers tell the same, and the names are published with them."
        elif column.values is not None and len(column.values) - len(m.totals) < 2 and m.role != "time":
            left_out[m.column] = "It has one category."
        elif record != "aggregate" and m.role == "category" and column.rare and m.column not in wanted:
            left_out[m.column] = (
                "Some of its categories have very few records; name it as a column that matters to have it."
            )
        else:
            found.append(((m.column not in wanted, _RANK[m.role], bool(m.question), position), m))
    return [m for _, m in sorted(found, key=lambda pair: pair[0])], left_out


def _dimensions_of_tables(eligible: Sequence[Meaning], sizes: Mapping[str, int], *, asked: bool) -> list[list[Meaning]]:
    """Asked for: one table with all of them. Else place and time together, the groups of persons together; a category joins
    only where there is little else. A table too large loses its last dimension."""
    if asked:
        return [_small_enough(list(eligible), sizes)]
    where = [m for m in eligible if m.role in ("county", "area")][:1]
    when = [m for m in eligible if m.role == "time"][:1]
    groups = [m for m in eligible if m.role in ("age", "group")][:MOST_DIMENSIONS]
    others = [m for m in eligible if m.role == "category" and not m.question] or [
        m for m in eligible if m.role == "category"
    ]
    frame = where + when
    if len(frame) + len(groups) <= MOST_DIMENSIONS:
        room = MOST_DIMENSIONS - len(frame) - len(groups)
        return [_small_enough([*frame, *groups, *others[:room]], sizes)]
    first = _small_enough([*frame, *groups[:1]] if len(frame) < 2 else frame, sizes)
    second = _small_enough([*groups, *when][:MOST_DIMENSIONS], sizes)
    return [first, second] if {m.column for m in first} != {m.column for m in second} else [first]


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


def _population(
    meanings: Sequence[Meaning],
    dims: Sequence[Meaning],
    record: RecordKind,
    naming: Sequence[str],
    counts: Sequence[str],
) -> str | None:
    """A population beside the counts: only where the table's dimensions name every record, or people would be added twice."""
    if record != "aggregate" or not set(naming) <= {m.column for m in dims}:
        return None
    return next((m.column for m in meanings if m.role == "population" and m.column not in counts), None)


def _key(profile: Profile, meanings: Sequence[Meaning]) -> tuple[str, ...]:
    """The number that names a record, where there is one: characteristics of a person never do."""
    numbers = {m.column for m in meanings if m.role in ("person", "event_id", "none") and not m.is_dimension}
    return next((key for key in profile.keys if set(key) <= numbers), ())


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _table_name(name: str, dims: Sequence[Meaning]) -> str:
    parts = [re.sub(r"[^a-z0-9]+", "_", m.label.lower()).strip("_") for m in dims]
    said = "_".join([*parts[:-1], "and", parts[-1]] if len(parts) == 2 else parts)
    return f"{name[:40].rstrip('_')}_by_{said}"[:LONGEST_TABLE_NAME].rstrip("_")
