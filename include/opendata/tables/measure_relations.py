"""Relations between the columns that counts are made of, looked for in the records.

Counts that are added up from columns of one source are seldom strangers to one another: men and women are all, a column of
0 and 1 counts some of the persons, no one makes fewer visits than there are clients. What holds in every record holds in
every cell, and a reader who knows the subject knows it too and subtracts. So the records are asked, in aggregates alone:

- which column is the sum of others (from their sums of products, which tell every such relation there is);
- which column is never more than another, or than one per record: a column of 0 and 1 is never more than the record;
- which of these hold in all but a few records: where they hold in every cell they are taken as they are, else the release
  is refused (``measures-nearly-tied``), for a mistake in the source and two unrelated columns look alike here.

The relations become sums between measures (``vocabulary.MeasureSum``), which hiding and attack reason with. What is left of a
whole counts persons or events where both are counts of the same: of 100 persons 97 are vaccinated, and 3 are not. How many
more events there are than persons, or than records, counts no one.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sqlalchemy as sa

from include.opendata.declaration import tables as t
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.tables.amounts_that_count import refuse_amounts_that_count, refuse_populations_that_count
from include.opendata.tables.categories import keeps
from include.opendata.vocabulary import DataTable, MeasureFamily, MeasureSum, Structure
from include.opendata.warehouse import Warehouse

RECORDS, SUM, PERSONS = "count:records", "sum:", "count_distinct:"

FEW = Fraction(1, 20)
"""A relation that does not hold in up to this share of the records that could contradict it may be meant all the same."""

UNLIKE_CHANCE = 4
"""What has exceptions is taken for a rule where unrelated columns would have more than so many times as many."""

ASKED_AT_ONCE = 400
PARTS_AT_MOST = 4
"""Of so many columns a total is looked for that is not exactly their sum."""

EXACT = sa.Numeric(18, 0)


@dataclass(frozen=True)
class MeasureRelations:
    """What was found. ``families``: counts tied by sums · ``at_most``: count of distinct persons → the counts that are no
    less · ``sentences``: the same in words, of columns alone."""

    families: tuple[MeasureFamily, ...] = ()
    at_most: Mapping[str, tuple[str, ...]] | None = None
    sentences: tuple[str, ...] = ()

    def tie(self, tables: Iterable[DataTable]) -> list[DataTable]:
        """The same tables, every count with the sums it stands in."""
        return [replace(table, structure=self._tied(table.structure)) for table in tables]

    def _tied(self, structure: Structure) -> Structure:
        family_of = {identity: family for family in self.families for identity in family.identities}
        at_most = self.at_most or {}
        measures = tuple(
            replace(m, family=family_of.get(m.identity), at_most=at_most.get(m.identity, ()))
            if m.role == "count"
            else m
            for m in structure.measures
        )
        return replace(structure, measures=measures)


@dataclass(frozen=True)
class TiedTables:
    """Tables whose counts know the sums they stand in, and what was found, in sentences about columns alone."""

    tables: list[DataTable]
    sentences: tuple[str, ...]


def tied_tables(
    dataset: Dataset, tables: Sequence[DataTable], warehouse: Warehouse, *, published: Sequence[Structure] = ()
) -> TiedTables:
    """``tables`` with what the records say of their counts; ``published``: the tables of earlier releases.

    Raises Refused: an amount or a population that is a count (``amount-counts-persons``, ``amount-like-a-count``,
    ``population-nearly-counted``), and what :func:`measure_relations` raises.
    """
    refuse_amounts_that_count(dataset, warehouse)
    refuse_populations_that_count(dataset, tables)
    relations = measure_relations(dataset, tables, warehouse, published=published)
    return TiedTables(relations.tie(tables), relations.sentences)


def measure_relations(
    dataset: Dataset, tables: Sequence[DataTable], warehouse: Warehouse, *, published: Sequence[Structure] = ()
) -> MeasureRelations:
    """The relations between the counts of ``tables`` and those of ``published``, the tables of earlier releases.

    Raises Refused: ``measures-nearly-tied``, ``measures-in-proportion``.
    """
    structures = [*(table.structure for table in tables), *published]
    identities = _identities(dataset, structures)
    counts = [identity for identity in identities if not identity.startswith(PERSONS)]
    asked = _Records(dataset, warehouse)
    found = _Found(dataset, asked, counts, tables)
    sums = found.sums()
    families = _families(counts, sums)
    persons = [identity for identity in identities if identity.startswith(PERSONS)]
    at_most = found.persons_at_most(persons)
    sentences = [_sentence(s) for s in sums]
    sentences += [_at_most_sentence(identity, others) for identity, others in at_most.items() if others]
    return MeasureRelations(families, at_most, tuple(sentences))


def _identities(dataset: Dataset, structures: Sequence[Structure]) -> list[str]:
    """Every count, in order of their first use, whose column the source still has."""
    columns = {column.name: column.type for column in dataset.source.columns}
    every = dict.fromkeys(m.identity for structure in structures for m in structure.measures if m.role == "count")
    return [i for i in every if i == RECORDS or columns.get(_column(i)) == "integer" or i.startswith(PERSONS)]


def _column(identity: str) -> str:
    return identity.removeprefix(SUM).removeprefix(PERSONS)


def _families(identities: Sequence[str], sums: Sequence[MeasureSum]) -> tuple[MeasureFamily, ...]:
    """The measures that sums tie together, directly or through others; each family by the first of its measures."""
    group_of = {identity: {identity} for identity in identities}
    for s in sums:
        joined: set[str] = set().union(*(group_of.get(i, {i}) for i in (s.whole, *s.parts)))
        group_of |= dict.fromkeys(joined, joined)
    first_of_each = dict.fromkeys(next(i for i in identities if i in group_of[identity]) for identity in identities)
    return tuple(_family(i, group_of[i], identities, sums) for i in first_of_each if len(group_of[i]) > 1)


def _family(first: str, group: set[str], identities: Sequence[str], sums: Sequence[MeasureSum]) -> MeasureFamily:
    sums_of_group = tuple(s for s in sums if s.whole in group)
    named = dict.fromkeys((*identities, *(i for s in sums_of_group for i in (s.whole, *s.parts))))
    return MeasureFamily(first, tuple(i for i in named if i in group), sums_of_group)


class _Records:
    """The records that some table is made of, asked in aggregates alone."""

    def __init__(self, dataset: Dataset, warehouse: Warehouse):
        self.dataset, self.warehouse = dataset, warehouse
        self.records = warehouse.sql_table
        declared = {column.name: column for column in dataset.source.columns}
        filters = [keeps(table.filter, declared, self.records) for table in dataset.tables]
        self.kept: sa.ColumnElement[bool] = sa.or_(*filters) if all(t.filter for t in dataset.tables) else sa.true()

    def value(self, identity: str) -> sa.ColumnElement[Any]:
        """What one record adds to a count."""
        if identity == RECORDS:
            return sa.literal_column("1")
        return sa.cast(self.records.c[_column(identity)], EXACT)

    def ask(self, aggregates: Sequence[sa.ColumnElement[Any]], *where: sa.ColumnElement[bool]) -> list[int]:
        """Each aggregate over the kept records; 0 where there is nothing to add up."""
        answers: list[int] = []
        for start in range(0, len(aggregates), ASKED_AT_ONCE):
            some = aggregates[start : start + ASKED_AT_ONCE]
            columns = [aggregate.label(f"a{number}") for number, aggregate in enumerate(some)]
            statement = sa.select(*columns).select_from(self.records).where(self.kept, *where)
            (row,) = self.warehouse.rows(statement, dataset=self.dataset.dataset)
            answers += [int(value or 0) for value in row]
        return answers


def _how_many(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.func.sum(sa.case((condition, sa.literal_column("1")), else_=sa.literal_column("0")))


class _Found:
    """The relations of one dataset, step by step. ``totals``: of every count over all records."""

    def __init__(self, dataset: Dataset, asked: _Records, counts: Sequence[str], tables: Sequence[DataTable]):
        self.dataset, self.asked, self.tables = dataset, asked, tables
        sizes = asked.ask([sa.func.sum(asked.value(i)) for i in counts])
        self.totals = {i: total for i, total in zip(counts, sizes, strict=True) if total > 0}
        # from the smallest on, so that a total is told by its parts; records last among equals
        self.counts = sorted(self.totals, key=lambda i: (self.totals[i], i == RECORDS, counts.index(i)))
        self.more = self._how_often_more()

    def sums(self) -> list[MeasureSum]:
        """Every sum between the counts: exact ones first, then those with a rest."""
        if len(self.counts) < 2:
            return []
        exact = _nested(self._exact())
        exact += [s for s in self._nearly_exact() if s.whole not in {e.whole for e in exact}]
        return [s for s in [*exact, *self._never_more(exact)] if self._holds_in_cells(s)]

    def persons_at_most(self, persons: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Count of distinct persons → the counts that cannot be less: those with one or more in every record, and distinct
        values of which each has one of these."""
        counted = self._one_or_more_in_every_record()
        return {p: (*counted, *(o for o in persons if o != p and self._each_has_one(o, p))) for p in persons}

    # -- exact sums ---------------------------------------------------------------------------------------------------

    def _exact(self) -> list[MeasureSum]:
        """Counts that are the sum of smaller ones in every record without a blank.

        Sums of products tell every linear relation: a column is made up of others when what is left of it, squared and
        added up over all records, is nothing.
        """
        gram = self._sums_of_products()
        found: list[MeasureSum] = []
        independent: list[str] = []
        for count in self.counts:
            weights = _weights(gram, independent, count)
            if weights is None:
                independent.append(count)
            elif weights:
                found += self._sum_of(count, weights)
        return [s for s in found if self._in_every_record(s)]

    def _sums_of_products(self) -> dict[tuple[str, str], int]:
        """(a, b) → the sum of a times b over the records without a blank, in both orders."""
        complete = [self.asked.value(i).is_not(None) for i in self.counts if i != RECORDS]
        pairs = list(itertools.combinations_with_replacement(self.counts, 2))
        products = [sa.func.sum(self.asked.value(a) * self.asked.value(b)) for a, b in pairs]
        gram = dict(zip(pairs, self.asked.ask(products, *complete), strict=True))
        return gram | {(b, a): value for (a, b), value in gram.items()}

    def _sum_of(self, count: str, weights: dict[str, Fraction]) -> list[MeasureSum]:
        """``count`` as the weighted sum of others, written as sums without weights; none where that cannot be done."""
        if len(weights) == 1 and set(weights.values()) != {Fraction(1)}:
            ((other, _),) = weights.items()
            raise _in_proportion(self.dataset, count, other)
        if not set(weights.values()) <= {Fraction(1), Fraction(-1)}:
            return []  # other weights come about by chance where there are few records
        plus, minus = (tuple(i for i in self.counts if weights.get(i) == weight) for weight in (1, -1))
        if not minus:
            return [MeasureSum(count, plus)]
        if len(plus) == 1:
            return [MeasureSum(plus[0], (count, *minus))]
        both = f"{SUM}{' + '.join(_column(i) for i in plus)}"
        return [MeasureSum(both, plus), MeasureSum(both, (count, *minus))]

    def _in_every_record(self, s: MeasureSum) -> bool:
        """Whether an exact sum holds wherever its columns are filled; a total that only two sums share is not asked."""
        if s.whole not in self.totals:
            return True
        return self._differing([s]) == [(0, 0)]

    def _differing(self, sums: Sequence[MeasureSum]) -> list[tuple[int, int]]:
        """For each sum, in how many records the parts are less than the whole, and in how many more."""
        aggregates: list[sa.ColumnElement[Any]] = []
        for s in sums:
            whole, parts = self.asked.value(s.whole), _added(self.asked.value(p) for p in s.parts)
            aggregates += [_how_many(parts < whole), _how_many(parts > whole)]
        answers = self.asked.ask(aggregates)
        return list(zip(answers[::2], answers[1::2], strict=True))

    # -- nearly exact sums --------------------------------------------------------------------------------------------

    def _nearly_exact(self) -> list[MeasureSum]:
        """Totals of which two to four columns leave something in a few records: what they leave counts persons too."""
        candidates = [
            MeasureSum(whole, parts, rest=True, rest_counts=True)
            for whole in self.counts
            for parts in self._parts_close_to(whole)
        ]
        rows = self.asked.ask([sa.func.count()])[0]
        found: list[MeasureSum] = []
        for s, (less, more) in zip(candidates, self._differing(candidates), strict=True):
            if not 0 < less + more <= FEW * rows or s.whole in {f.whole for f in found}:
                continue
            if more and not self._is_answered(s.whole, *s.parts):
                raise _nearly_tied(self.dataset, f"{_is_the_sum(s)} in all but {less + more} of {rows:,} records")
            if not more:
                found.append(s)
        return found

    def _parts_close_to(self, whole: str) -> list[tuple[str, ...]]:
        """Smaller counts of the same kind whose totals add up to nearly that of ``whole``."""
        smaller = [
            i for i in self.counts if i != whole and self.totals[i] < self.totals[whole] and self._same(i, whole)
        ]
        close = []
        for count in range(2, PARTS_AT_MOST + 1):
            for parts in itertools.combinations(smaller[-12:], count):
                total = sum(self.totals[i] for i in parts)
                if abs(total - self.totals[whole]) <= FEW * self.totals[whole]:
                    close.append(parts)
        return close

    # -- never more ---------------------------------------------------------------------------------------------------

    def _how_often_more(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(a, b) → in how many records a is more than b, and in how many it could be, being more than 0."""
        pairs = list(itertools.permutations(self.totals, 2))
        aggregates: list[sa.ColumnElement[Any]] = []
        for a, b in pairs:
            first, second = self.asked.value(a), self.asked.value(b)
            aggregates += [_how_many(first > second), _how_many(sa.and_(first > 0, second.is_not(None)))]
        answers = self.asked.ask(aggregates)
        return dict(zip(pairs, zip(answers[::2], answers[1::2], strict=True), strict=True))

    def _never_more(self, exact: Sequence[MeasureSum]) -> list[MeasureSum]:
        """A count that is a part of another one, which has a rest; only the nearest such pairs."""
        inside = _inside(exact)
        never = {pair for pair in self.more if self._is_no_more(*pair)}
        found = []
        for a, b in sorted(never, key=lambda pair: (self.counts.index(pair[1]), -self.counts.index(pair[0]))):
            is_exact = a in inside.get(b, set()) or b in inside.get(a, set())
            if is_exact or (self._is_between(a, b, never) and (b, a) not in never):
                continue
            found.append(MeasureSum(b, (a,), rest=True, rest_counts=self._rest_counts(a, b)))
        return found

    def _is_between(self, a: str, b: str, never: Collection[tuple[str, str]]) -> bool:
        """Whether some other count is never less than a and never more than b."""
        return any((a, c) in never and (c, b) in never for c in self.counts if c not in (a, b))

    def _is_no_more(self, a: str, b: str) -> bool:
        """Raises Refused (``measures-nearly-tied``) where it is so in all but a few records, and not in every cell."""
        more, could = self.more[a, b]
        if not more:
            return True
        if more > FEW * could:
            return False
        if self.totals[a] <= self.totals[b] and self._holds_in_cells(MeasureSum(b, (a,), rest=True)):
            return True
        if self._is_answered(a, b) or self._is_chance(a, b):
            return False
        raise _nearly_tied(self.dataset, f"{_words(a)} is at most {_words(b)} in all but {more} of {could:,} records")

    def _is_chance(self, a: str, b: str) -> bool:
        """Whether a would be more than b about as seldom in a record if the values of b were dealt out anew: the small of
        two unrelated columns is seldom more than the large one. What is nearly 0 or 1 in every record is no chance."""
        if b == RECORDS:
            return False
        more, could = self.more[a, b]
        (firsts, often), (seconds, times) = self._distribution(a), self._distribution(b)
        below = np.concatenate([[0], np.cumsum(times)])[np.searchsorted(seconds, firsts)]
        dealt = float((often * below)[firsts > 0].sum()) / (float(often[firsts > 0].sum()) * float(times.sum()))
        return more * UNLIKE_CHANCE >= dealt * could

    def _distribution(self, count: str) -> tuple[np.ndarray, np.ndarray]:
        """(what records add to a count, ascending; in how many records each: int64)."""
        value = self.asked.value(count)
        statement: Any = sa.select(value.label("value"), sa.func.count().label("often"))
        statement = statement.select_from(self.asked.records).where(self.asked.kept, value.is_not(None))
        rows = self.asked.warehouse.rows(statement.group_by(value), dataset=self.dataset.dataset)
        pairs = np.array(sorted((int(value), int(often)) for value, often in map(tuple, rows)), dtype=np.int64)
        return pairs[:, 0], pairs[:, 1]

    def _rest_counts(self, part: str, whole: str) -> bool:
        return whole == RECORDS or (part != RECORDS and self._same(part, whole))

    def _same(self, first: str, second: str) -> bool:
        """Whether both count persons, or both count events."""
        return self._counts_persons(first) == self._counts_persons(second)

    def _counts_persons(self, identity: str) -> bool:
        if identity == RECORDS:
            return self.dataset.source.record == "person"
        declared = (m for table in self.dataset.tables for m in table.measures if isinstance(m, t.SumMeasure))
        return any(m.of == "persons" for m in declared if m.column == _column(identity))

    def _holds_in_cells(self, s: MeasureSum) -> bool:
        """Whether no row of a table with all of these counts contradicts the sum: a table into which extracts are merged
        has figures of records that are not here."""
        return all(_holds(table, s) for table in self.tables)

    def _is_answered(self, *identities: str) -> bool:
        """Whether the declaration says that these columns have nothing to do with one another."""
        columns = {_column(i) for i in identities}
        return any(columns <= {*answer.columns} for answer in self.dataset.source.unrelated)

    # -- distinct persons ---------------------------------------------------------------------------------------------

    def _one_or_more_in_every_record(self) -> list[str]:
        others = [i for i in self.totals if i != RECORDS]
        none = self.asked.ask([_how_many(sa.func.coalesce(self.asked.value(i), 0) < 1) for i in others])
        return [i for i, records in zip(others, none, strict=True) if not records]

    def _each_has_one(self, more: str, fewer: str) -> bool:
        """Whether each value of ``more`` comes with one value of ``fewer``, so that there are never more of these."""
        many, few = (self.asked.records.c[_column(i)] for i in (more, fewer))
        pairs = sa.select(many, few).where(self.asked.kept, few.is_not(None)).distinct().subquery()
        statement: Any = sa.select(sa.func.count(), sa.func.count(sa.distinct(pairs.c[0])), sa.func.count(pairs.c[0]))
        (answer,) = self.asked.warehouse.rows(statement, dataset=self.dataset.dataset)
        rows, values, filled = tuple(answer)
        return bool(rows == values == filled)


def _holds(table: DataTable, s: MeasureSum) -> bool:
    columns = {m.identity: m.name for m in table.structure.measures if m.role == "count"}
    if not {s.whole, *s.parts} <= set(columns):
        return True
    whole = table.frame[columns[s.whole]].to_numpy(dtype=np.int64)
    parts = table.frame[[columns[part] for part in s.parts]].to_numpy(dtype=np.int64).sum(axis=1)
    return bool((parts <= whole).all() if s.rest else (parts == whole).all())


def _added(values: Iterable[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
    first, *others = values
    for other in others:
        first = first + other
    return first


def _weights(gram: Mapping[tuple[str, str], int], basis: Sequence[str], count: str) -> dict[str, Fraction] | None:
    """The weights with which ``count`` is the sum of ``basis`` (independent columns), those of 0 left out; None where it is
    not."""
    rows = [[Fraction(gram[a, b]) for b in basis] + [Fraction(gram[a, count])] for a in basis]
    solution = dict(zip(basis, _solved(rows), strict=True))
    left = gram[count, count] - sum(weight * gram[a, count] for a, weight in solution.items())
    return {a: weight for a, weight in solution.items() if weight} if left == 0 else None


def _solved(equations: Sequence[list[Fraction]]) -> list[Fraction]:
    """The solution of n equations of n unknowns, each its factors and then its result; by elimination in exact fractions."""
    rows = list(equations)
    for i in range(len(rows)):
        pivot = rows[i][i]  # never 0: the columns are independent
        rows[i] = [value / pivot for value in rows[i]]
        for j, row in enumerate(rows):
            if j != i and row[i]:
                rows[j] = [value - row[i] * of_pivot for value, of_pivot in zip(row, rows[i], strict=True)]
    return [row[-1] for row in rows]


def _nested(sums: Sequence[MeasureSum]) -> list[MeasureSum]:
    """The same sums, a total made of its subtotals where these are made of the same parts."""
    nested: list[MeasureSum] = []
    for s in sums:
        parts = s.parts
        for smaller in reversed(nested):
            if len(smaller.parts) > 1 and set(smaller.parts) < set(parts):
                parts = (smaller.whole, *(p for p in parts if p not in smaller.parts))
        nested.append(replace(s, parts=parts))
    return nested


def _inside(sums: Sequence[MeasureSum]) -> dict[str, set[str]]:
    """Count → everything that exact sums lead down to."""
    inside: dict[str, set[str]] = {}
    changed = True
    while changed:
        changed = False
        for s in sums:
            reached = {*s.parts}.union(*(inside.get(p, set()) for p in s.parts))
            if not reached <= inside.get(s.whole, set()):
                inside[s.whole] = inside.get(s.whole, set()) | reached
                changed = True
    return inside


def _words(identity: str) -> str:
    return "the number of records" if identity == RECORDS else f"`{_column(identity)}`"


def _is_the_sum(s: MeasureSum) -> str:
    return f"{_words(s.whole)} is {' + '.join(_words(part) for part in s.parts)}"


def _sentence(s: MeasureSum) -> str:
    if not s.rest:
        return f"In every record {_is_the_sum(s)}; their cells are protected as one system."
    if s.whole == RECORDS and len(s.parts) == 1:
        return f"{_words(s.parts[0])} holds 0 or 1 only and counts some of the records; those left are protected, too."
    if len(s.parts) > 1:
        return f"In nearly every record {_is_the_sum(s)}; what is left is protected as a count, too."
    rest = "what is left is protected as a count, too" if s.rest_counts else "each narrows the other"
    return f"{_words(s.parts[0])} is never more than {_words(s.whole)}: they are read together, and {rest}."


def _at_most_sentence(identity: str, others: Sequence[str]) -> str:
    return f"There are never more different values of {_words(identity)} than {' or '.join(_words(o) for o in others)} has."


def _nearly_tied(dataset: Dataset, what: str) -> Refused:
    return Refused(
        f"{what}: whether that is a rule with mistakes in it, or no rule at all, cannot be told",
        remedy="Have these records corrected, or leave them out with `filter`; where the columns have nothing to do with one "
        "another, say so under `source.unrelated`.",
        slug="measures-nearly-tied",
        place=Place(dataset=dataset.dataset),
    )


def _in_proportion(dataset: Dataset, first: str, second: str) -> Refused:
    return Refused(
        f"in every record {_words(first)} and {_words(second)} have the same proportion, so that each tells the other",
        remedy="Publish one of the two counts.",
        slug="measures-in-proportion",
        place=Place(dataset=dataset.dataset),
    )
