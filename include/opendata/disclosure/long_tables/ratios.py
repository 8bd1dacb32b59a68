"""Rates, percentages and populations beside the counts, named or found, and what they say of hidden counts.

A column of numbers that stands beside a hidden count may give it away. Rates and percentages are recognised by the rows that
show count, denominator and rate; populations by their name. What is neither, and not said to be left alone, is refused.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from include.opendata.disclosure.attack.view import denominator_bounds, rate_bounds
from include.opendata.disclosure.cell_states import UNBOUNDED
from include.opendata.disclosure.long_tables.published_rows import Label, PublishedRows, columns_of, unreadable
from include.opendata.disclosure.long_tables.request import AuditRequest, Ratio
from include.opendata.disclosure.long_tables.tokens import count_of, stated_bounds
from include.opendata.errors import DeclarationError, InputError, Place

Numbers = list[int | None]

PERS = (100, 1_000, 10_000, 100_000, 1_000_000, 1)
"""Per how many rates are usually given."""
LEAST_ROWS = 3
"""Rows that must show count, denominator and rate before a rate is recognised."""

_DENOMINATOR = re.compile(
    r".*(pop|denom|residents|enrol|person.?years|at.?risk|tested|births|discharges|members).*", re.IGNORECASE
)
_CODE = re.compile(
    r".*(^|[ _])(id|code|fips|geoid|zip|year|month|quarter|date|lat|latitude|lon|long|longitude|phone|order|version|"
    r"oshpd.*|annotation.*|objectid|row)([ _].*|$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, repr=False)
class Share:
    """A ratio and its denominators, one per row (None: not shown) · ``denominators``: in words · ``total``: the row each one
    stands on, None where it is a column of its own · ``named``: by the caller."""

    ratio: Ratio
    denominators: str
    below: Numbers
    total: tuple[int | None, ...] | None
    named: bool

    @property
    def sentence(self) -> str:
        """The ratio for people."""
        how = "as named" if self.named else "recognised by the rows that show both"
        return f"{self.ratio.column} is per {self.ratio.per:,} of {self.denominators} ({how})"


@dataclass(frozen=True, repr=False)
class BesideCounts:
    """``shares`` · ``limits``: denominators no count is above, by column · ``not_looked_at``: columns that were not read."""

    shares: tuple[Share, ...]
    limits: Mapping[str, Numbers]
    not_looked_at: tuple[str, ...]


def beside_counts(published: PublishedRows, request: AuditRequest) -> BesideCounts:
    """What stands beside the counts. Raises DeclarationError, and InputError (``column-not-understood``)."""
    named, denominators = _named_shares(published, request)
    not_named = _columns_not_named(published, request, named)
    recognised: list[Share] = []
    if request.search:
        recognised, in_figures = _shares_in_figures(published, not_named, denominators)
        denominators |= in_figures
    used = {*denominators, *(share.ratio.column for share in recognised)}
    ignored = [name for name in request.ignored if name in columns_of(published.files)]
    left = [name for name in not_named if name not in used and not _is_code_of_counts(name)]
    limits = {name: below for name, below in denominators.items() if _within(published, below)}
    return BesideCounts((*named, *recognised), limits, (*ignored, *left))


def _named_shares(published: PublishedRows, request: AuditRequest) -> tuple[list[Share], dict[str, Numbers]]:
    """The ratios the caller names, and the denominators by their column. Raises DeclarationError and InputError."""
    if request.rates and not request.denominator:
        raise DeclarationError(
            "a rate is named without its denominator",
            remedy="Name the column with --denominator.",
            slug="rate-without-denominator",
            place=Place(file=published.files[0].file),
        )
    if not request.denominator:
        return [], {}
    below = _whole_numbers(published, request.denominator)
    ratios = map(Ratio.parse, request.rates)
    shares = [Share(ratio, request.denominator, below, None, named=True) for ratio in ratios]
    for share in shares:
        _require_rates(published, share.ratio.column)
    return shares, {request.denominator: below}


def _columns_not_named(published: PublishedRows, request: AuditRequest, named: Sequence[Share]) -> list[str]:
    known = {
        *published.dimensions, *request.counts, *request.ignored, request.denominator or "",
        *(share.ratio.column for share in named),
    }  # fmt: skip
    return [name for name in columns_of(published.files) if name not in known]


def _shares_in_figures(
    published: PublishedRows, columns: Sequence[str], named: Mapping[str, Numbers]
) -> tuple[list[Share], dict[str, Numbers]]:
    """The ratios and denominators among ``columns``. Raises InputError for other numbers beside hidden counts."""
    numeric = [name for name in columns if _stands_beside_blanks(published, name)]
    shares, used = _recognised(published, numeric, named)
    by_name = [
        name for name in numeric if _DENOMINATOR.fullmatch(name) and _within(published, _integers(published, name))
    ]
    denominators = {name: _integers(published, name) for name in (*used, *by_name)}
    understood = {*denominators, *(share.ratio.column for share in shares)}
    _refuse(published, [name for name in numeric if name not in understood])
    return shares, denominators


def _is_code_of_counts(name: str) -> bool:
    return "annotation" in name.casefold()


def _is_code(name: str) -> bool:
    return bool(_CODE.fullmatch(name)) or _is_code_of_counts(name)


def _counts(published: PublishedRows) -> Numbers:
    return [row.figure.value for row in published.rows]


def _whole_numbers(published: PublishedRows, column: str) -> Numbers:
    if not any(column in records.header for records in published.files):
        published.files[0].column(column)
    numbers: Numbers = []
    for row in range(len(published.rows)):
        figure = count_of(published.text(row, column), {})
        if figure is None:
            at = published.rows[row]
            raise unreadable(
                "neither a count nor a token for a hidden one",
                column,
                published.files[at.records],
                at.row,
                "count-unreadable",
            )
        numbers.append(figure.value)
    return numbers


def _require_rates(published: PublishedRows, column: str) -> None:
    if not any(column in records.header for records in published.files):
        published.files[0].column(column)
    for row, entry in enumerate(published.rows):
        text = published.text(row, column)
        if _rate(text) is None and count_of(text, {}) is None and stated_bounds(text) is None:
            raise unreadable(
                "neither a rate nor a blank", column, published.files[entry.records], entry.row, "rate-unreadable"
            )


def _rate(text: str) -> str | None:
    """A rate as it is published, None where it is none."""
    number = text.removesuffix("%").replace(",", "").strip()
    return number if number.replace(".", "", 1).isdecimal() else None


def _integers(published: PublishedRows, column: str) -> Numbers:
    figures = [count_of(published.text(row, column), {}) for row in range(len(published.rows))]
    return [None if figure is None else figure.value for figure in figures]


def _within(published: PublishedRows, below: Numbers) -> bool:
    """Whether no shown count is above its denominator, and some are shown."""
    both = [
        (count, whole) for count, whole in zip(_counts(published), below, strict=True) if None not in (count, whole)
    ]
    return bool(both) and all((count or 0) <= (whole or 0) for count, whole in both)


def _stands_beside_blanks(published: PublishedRows, column: str) -> bool:
    """Whether a column holds different numbers, some of them beside hidden counts, and is not named as a code."""
    if _is_code(column):
        return False
    texts = [published.text(row, column) for row in range(len(published.rows))]
    numbers = {text for text in texts if _is_number(text)}
    if len(numbers) < 2 or (not _DENOMINATOR.fullmatch(column) and _follows_from_a_dimension(published, texts)):
        return False
    return any(
        row.figure.value is None and _states_a_number(text) for row, text in zip(published.rows, texts, strict=True)
    )


def _follows_from_a_dimension(published: PublishedRows, texts: Sequence[str]) -> bool:
    """Whether a column says the same on all rows of a label, and labels have several rows: a target, a capacity."""
    for k in range(len(published.dimensions)):
        said: dict[str, str] = {}
        labels = [row.labels[k] for row in published.rows]
        if 2 * len(set(labels)) <= len(labels) and all(
            said.setdefault(label, text) == text for label, text in zip(labels, texts, strict=True)
        ):
            return True
    return False


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text.removesuffix("%").replace(",", "").strip()))


def _states_a_number(text: str) -> bool:
    """Whether a text is a number, or a token that bounds one."""
    return _is_number(text) or stated_bounds(text) is not None


def _recognised(
    published: PublishedRows, numeric: Sequence[str], named: Mapping[str, Numbers]
) -> tuple[list[Share], list[str]]:
    """Ratios of columns that are denominators, or of counts at a total; and the columns that turned out to be denominators."""
    candidates = _possible_denominators(published, named)
    shares: list[Share] = []
    for column in numeric:
        rates = [_rate(published.text(row, column)) for row in range(len(published.rows))]
        decimals = max((len(rate.partition(".")[2]) for rate in rates if rate), default=0)
        of_columns = _of_columns(published, column, rates, decimals, candidates)
        of_totals = _of_totals(published, column, rates, decimals)
        shares += itertools.islice(itertools.chain(of_columns, of_totals), 1)
    return shares, [share.denominators for share in shares if share.total is None]


def _possible_denominators(published: PublishedRows, named: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """The named denominators, and all columns of whole numbers that no count is above."""
    candidates = dict(named)
    for name in columns_of(published.files):
        if name not in {*published.dimensions, *candidates} and not _CODE.fullmatch(name):
            below = _integers(published, name)
            if _within(published, below):
                candidates[name] = below
    return candidates


def _of_columns(
    published: PublishedRows,
    column: str,
    rates: Sequence[str | None],
    decimals: int,
    candidates: Mapping[str, Numbers],
) -> Iterator[Share]:
    """Ratios of the columns that can be denominators."""
    for name, below in candidates.items():
        per = None if name == column else _per(published, rates, below, decimals)
        if per is not None:
            yield Share(Ratio(column, per, decimals), name, below, None, named=False)


def _per(published: PublishedRows, rates: Sequence[str | None], below: Numbers, decimals: int) -> int | None:
    """Per how many of the denominators ``rates`` are, on every row that shows all three; None where they are not."""
    rows = [
        (count, whole, Fraction(rate))
        for count, whole, rate in zip(_counts(published), below, rates, strict=True)
        if count is not None and whole and rate is not None
    ]
    if len(rows) < LEAST_ROWS or len({rate for _, _, rate in rows}) < 2:
        return None
    half = Fraction(51, 100 * 10**decimals)
    return next((per for per in PERS if _all_rates_per(per, rows, half)), None)


def _all_rates_per(per: int, rows: Sequence[tuple[int, int, Fraction]], half: Fraction) -> bool:
    """Whether on all ``rows`` (count, denominator, rate) the rate is the rounded ratio per so many."""
    return all(abs(Fraction(count * per, whole) - rate) <= half for count, whole, rate in rows)


def _of_totals(published: PublishedRows, column: str, rates: Sequence[str | None], decimals: int) -> Iterator[Share]:
    """Percentages of the count at a total of one dimension or more."""
    at = {row.labels: number for number, row in enumerate(published.rows)}
    with_total = [k for k, total in enumerate(published.totals) if total is not None]
    for size in range(1, len(with_total) + 1):
        for chosen in itertools.combinations(with_total, size):
            totals = _rows_at_totals(published, at, chosen)
            below = [None if row is None else published.rows[row].figure.value for row in totals]
            if _per(published, rates, below, decimals) == 100:
                words = " and ".join(f"“{published.totals[k]}” of {published.dimensions[k]}" for k in chosen)
                yield Share(Ratio(column, 100, decimals), f"the count at {words}", below, totals, named=False)


def _rows_at_totals(published: PublishedRows, at: Mapping[Label, int], chosen: Sequence[int]) -> tuple[int | None, ...]:
    """Per row the one that stands at the totals of the ``chosen`` dimensions and at its labels in the others."""
    return tuple(
        at.get(tuple((published.totals[k] or "") if k in chosen else label for k, label in enumerate(row.labels)))
        for row in published.rows
    )


def _refuse(published: PublishedRows, columns: Sequence[str]) -> None:
    if not columns:
        return
    raise InputError(
        f"numbers stand beside hidden counts that are not understood: {', '.join(columns)}",
        remedy='Name what they are (--denominator COL, --rate "COL:PER:DECIMALS", --count COL, --dimension COL), or leave them '
        f'out with --ignore "{columns[0]}"; the verdict then says so.',
        slug="column-not-understood",
        place=Place(file=published.files[0].file, column=columns[0]),
    )


@dataclass(frozen=True, repr=False)
class ColumnTotal:
    """A column of denominators that turned out to be the total of the counts along a dimension: all pupils of a school.

    ``values``: the total by the labels of the other dimensions."""

    column: str
    dimension: int
    values: Mapping[Label, int]

    @property
    def label(self) -> str:
        """The label of the total, which no row has."""
        return f"({self.column})"

    def counts_at(self, other: Label) -> set[int]:
        """The totals at labels of the other dimensions; a label that follows from the summed ones is "" and any."""
        if other in self.values:
            return {self.values[other]}
        fixed = [k for k, label in enumerate(other) if label]
        return {count for key, count in self.values.items() if all(key[k] == other[k] for k in fixed)}


def column_totals(published: PublishedRows, beside: BesideCounts) -> Iterator[ColumnTotal]:
    """Denominators that are the sum of the counts along one dimension wherever all of these are shown."""
    for column, below in beside.limits.items():
        for k in range(len(published.dimensions)):
            groups = published.rows_along(k)
            values = {
                other: below[numbers[0]] for other, numbers in groups.items() if len({below[n] for n in numbers}) == 1
            }
            if _are_sums(published, groups, values):
                yield ColumnTotal(column, k, {other: value for other, value in values.items() if value is not None})


def _are_sums(published: PublishedRows, groups: Mapping[Label, list[int]], values: Mapping[Label, int | None]) -> bool:
    sums = []
    for other, numbers in groups.items():
        counts = [published.rows[number].figure.value for number in numbers]
        if len(counts) > 1 and None not in counts and values.get(other) is not None:
            sums.append(sum(count or 0 for count in counts) == values[other])
    return len(sums) >= LEAST_ROWS and all(sums)


def bounds_of_shares(published: PublishedRows, beside: BesideCounts) -> Iterator[tuple[int, int, int]]:
    """(row, least, most) of every hidden count that rates, percentages and denominators bound."""
    for share in beside.shares:
        for row in range(len(published.rows)):
            yield from _bounds_of_share(published, share, row)
    for below in beside.limits.values():
        for row, entry in enumerate(published.rows):
            whole = below[row]
            if entry.figure.value is None and whole is not None:
                yield row, 0, whole


def _bounds_of_share(published: PublishedRows, share: Share, row: int) -> Iterator[tuple[int, int, int]]:
    """(row, least, most) of the hidden count on a row, or of the hidden total that its share is of."""
    text, whole, count = published.text(row, share.ratio.column), share.below[row], published.rows[row].figure.value
    total = None if share.total is None else share.total[row]
    if count is None and whole is not None:
        yield from ((row, *bounds) for bounds in _bounds(text, whole, share.ratio))
    elif count and whole is None and total is not None:
        rate = _rate(text)
        if rate is not None:
            yield total, *denominator_bounds(rate, count, share.ratio.per, share.ratio.decimals)


def _bounds(text: str, whole: int, ratio: Ratio) -> Iterator[tuple[int, int]]:
    """What a rate, or a token in its place, says of its numerator."""
    rate = _rate(text)
    if rate is not None:
        yield rate_bounds(rate, whole, ratio.per, ratio.decimals)
        return
    stated = stated_bounds(text, whole=False)
    if stated is not None:
        least, most = stated
        low = 0 if least is None else rate_bounds(least, whole, ratio.per, ratio.decimals)[0]
        high = int(UNBOUNDED) if most is None else rate_bounds(most, whole, ratio.per, ratio.decimals)[1]
        yield low, high
