"""Relations between the columns that counts are made of, found in the records."""

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.tables import tabulate
from include.opendata.tables.measure_relations import TiedTables, tied_tables
from include.opendata.vocabulary import MeasureSum
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COUNTY = dimension("County", total="All")


def summed(column, of="events", **facts):
    return measure(column.capitalize(), "sum", column=column, of=of, **facts)


def tied(records, tables, folder, *, record="aggregate", published=(), **source) -> TiedTables:
    """What is found in ``records``; ``published``: tables of an earlier release."""
    kinds = {name: "text" if records[name].dtype == object else "integer" for name in records.columns}
    declared = dataset(kinds, *tables, record=record, **source)
    before = dataset(kinds, *(published or tables), record=record)
    with warehouse_of(records, folder) as warehouse:
        true = [tabulate(declared, one.table, warehouse) for one in declared.tables]
        then = [tabulate(before, one.table, warehouse).structure for one in before.tables] if published else []
        return tied_tables(declared, true, warehouse, published=then)


def sums(found: TiedTables) -> set[MeasureSum]:
    return {s for t in found.tables for m in t.structure.measures if m.family for s in m.family.sums}


def frame(rows, *columns):
    return pd.DataFrame([(f"c{n % 5}", *row) for n, row in enumerate(rows)], columns=["county", *columns])


def rests(found):
    return {(s.whole, s.parts, s.rest_counts) for s in sums(found)}


def test_men_women_and_all_are_one_sum(tmp_path):
    records = frame([(n * 7 % 31, n * 5 % 17, n * 7 % 31 + n * 5 % 17) for n in range(20)], "men", "women", "everyone")
    found = tied(records, [table([COUNTY], [summed(c, "persons") for c in ("men", "women", "everyone")])], tmp_path)
    (only,) = sums(found)
    assert only.whole == "sum:everyone"
    assert set(only.parts) == {"sum:men", "sum:women"}
    assert not only.rest
    assert "`everyone` is " in found.sentences[0]


def test_a_total_of_subtotals_of_parts_is_nested(tmp_path):
    rows = [(n * 7 % 31, n * 5 % 17, n * 3 % 13, n * 11 % 29) for n in range(30)]
    records = frame(
        [(*r, r[0] + r[1], r[2] + r[3], sum(r)) for r in rows], "a", "b", "c", "d", "ab", "cd", "all_of_them"
    )
    names = ["all_of_them", "ab", "cd", "a", "b", "c", "d"]
    found = tied(records, [table([COUNTY], [summed(c) for c in names])], tmp_path)
    assert {(s.whole, frozenset(s.parts)) for s in sums(found) if not s.rest} == {
        ("sum:ab", frozenset({"sum:a", "sum:b"})),
        ("sum:cd", frozenset({"sum:c", "sum:d"})),
        ("sum:all_of_them", frozenset({"sum:ab", "sum:cd"})),
    }


def test_two_ways_to_cut_one_total_that_no_table_shows(tmp_path):
    rows = [(n * 7 % 31, n * 5 % 17, n * 3 % 11) for n in range(30)]
    records = frame([(a, b, min(c, a), a + b - min(c, a)) for a, b, c in rows], "a", "b", "c", "d")
    found = tied(records, [table([COUNTY], [summed(c) for c in "abcd"])], tmp_path)
    wholes = [s for s in sums(found) if not s.rest]
    assert len(wholes) == 2
    assert len({s.whole for s in wholes}) == 1
    assert {frozenset(s.parts) for s in wholes} == {frozenset({"sum:a", "sum:b"}), frozenset({"sum:c", "sum:d"})}


def test_a_column_of_0_and_1_counts_some_of_the_records(tmp_path):
    records = frame([(n % 3 == 0,) for n in range(30)], "flag").astype({"flag": int})
    found = tied(records, [table([COUNTY], [measure(), summed("flag", "persons")])], tmp_path, record="person")
    assert rests(found) == {("count:records", ("sum:flag",), True)}
    assert "0 or 1 only" in found.sentences[0]


def test_blanks_are_in_no_relation(tmp_path):
    """A table that leaves out the records without an answer; the others count them all."""
    records = frame([(None if n % 4 == 0 else n % 2,) for n in range(40)], "flag").astype({"flag": "Int64"})
    with_answer = {"filter": [{"column": "flag", "in": ["0", "1"]}]}
    tables = [
        table([COUNTY], [measure()], "everyone"),
        table([COUNTY], [summed("flag", "persons")], "asked", **with_answer),
    ]
    found = tied(records, tables, tmp_path, record="person")
    assert rests(found) == {("count:records", ("sum:flag",), True)}


@pytest.mark.parametrize(
    ("whole_of", "part_of", "counts"),
    [
        ("events", "persons", False),
        ("persons", "persons", True),
        ("events", "events", True),
        ("persons", "events", False),
    ],
)
def test_what_is_left_counts_where_both_count_the_same(tmp_path, whole_of, part_of, counts):
    records = frame([(20 + n * 7 % 31, 10 + n * 3 % 10) for n in range(30)], "whole", "part")
    measures = [summed("whole", whole_of), summed("part", part_of)]
    assert rests(tied(records, [table([COUNTY], measures)], tmp_path)) == {("sum:whole", ("sum:part",), counts)}


def test_independent_counts_are_tied_by_nothing(tmp_path):
    records = frame([(n * 7 % 31, n * 11 % 29) for n in range(30)], "births", "deaths")
    found = tied(records, [table([COUNTY], [summed("births"), summed("deaths")])], tmp_path)
    assert not sums(found)
    assert not found.sentences
    assert all(m.family is None for m in found.tables[0].structure.measures)


def test_only_the_nearest_bound_is_noted(tmp_path):
    records = frame([(n % 5, n % 5 + n % 7, n % 5 + n % 7 + n % 3) for n in range(60)], "a", "b", "c")
    found = tied(records, [table([COUNTY], [summed("a"), summed("b"), summed("c")])], tmp_path)
    assert {(s.whole, s.parts) for s in sums(found)} == {("sum:b", ("sum:a",)), ("sum:c", ("sum:b",))}


def test_columns_that_are_the_same_are_one_figure(tmp_path):
    records = frame([(n % 7, n % 7) for n in range(30)], "a", "b")
    found = tied(records, [table([COUNTY], [summed("a"), summed("b")])], tmp_path)
    assert [(s.rest, len(s.parts)) for s in sums(found)] == [(False, 1)]


def test_columns_in_proportion_are_refused(tmp_path):
    records = frame([(n % 7, 3 * (n % 7)) for n in range(30)], "a", "b")
    with pytest.raises(Refused) as refused:
        tied(records, [table([COUNTY], [summed("a"), summed("b")])], tmp_path)
    assert refused.value.slug == "measures-in-proportion"


STRAY = [(n * 3 % 20 + n % 3, n * 3 % 20) for n in range(39)] + [(40, 95)]


@pytest.mark.parametrize("stray_county", ["c0", "alone"])
def test_a_bound_with_one_stray_record(tmp_path, stray_county):
    """Where it holds in every cell all the same it is a bound; where a cell contradicts it, somebody must say what it is."""
    records = frame(STRAY, "visits", "clients")
    records.loc[39, "county"] = stray_county
    tables = [table([COUNTY], [summed("visits"), summed("clients", "persons")])]
    if stray_county == "c0":
        records.loc[records.index % 5 == 0, "visits"] += 20
        assert rests(tied(records, tables, tmp_path)) == {("sum:visits", ("sum:clients",), False)}
        return
    with pytest.raises(Refused) as refused:
        tied(records, tables, tmp_path)
    assert refused.value.slug == "measures-nearly-tied"
    assert "all but 1 of 38 records" in refused.value.what
    answered = [{"columns": ["visits", "clients"], "because": "Clients are counted elsewhere."}]
    assert not sums(tied(records, tables, tmp_path, unrelated=answered))


def test_unrelated_columns_of_which_one_is_nearly_always_larger_are_not_asked_for(tmp_path):
    """Few of what is small in one column meet a small number of the other, just as few as chance brings together."""
    records = frame([(1 + n % 9, 200 if n % 25 else 0) for n in range(100)], "births", "calls")
    records.loc[0, "county"] = "alone"
    found = tied(records, [table([COUNTY], [summed("births"), summed("calls")])], tmp_path)
    assert not sums(found)


def test_a_sum_that_leaves_something_in_few_records_has_a_rest(tmp_path):
    rows = [(20 + n * 7 % 31, 30 + n * 5 % 17) for n in range(40)]
    records = frame([(a, b, a + b + (2 if n == 3 else 0)) for n, (a, b) in enumerate(rows)], "men", "women", "everyone")
    names = ("men", "women", "everyone")
    found = tied(records, [table([COUNTY], [summed(c, "persons") for c in names])], tmp_path)
    (only,) = sums(found)
    assert only.rest
    assert only.rest_counts
    assert set(only.parts) == {"sum:men", "sum:women"}


def test_a_sum_that_is_too_much_in_few_records_is_asked_for(tmp_path):
    rows = [(20 + n * 7 % 31, 30 + n * 5 % 17) for n in range(40)]
    records = frame([(a, b, a + b - (2 if n == 3 else 0)) for n, (a, b) in enumerate(rows)], "men", "women", "everyone")
    with pytest.raises(Refused) as refused:
        tied(records, [table([COUNTY], [summed(c, "persons") for c in ("men", "women", "everyone")])], tmp_path)
    assert refused.value.slug == "measures-nearly-tied"
    assert "all but 1 of 40" in refused.value.what


def test_distinct_persons_are_no_more_than_what_every_record_has_one_of(tmp_path):
    records = pd.DataFrame([(f"c{n % 5}", f"p{n % 17}", f"f{n % 17 // 3}", 1 + n % 4) for n in range(60)])
    records.columns = ["county", "person", "family", "visits"]
    distinct = [measure(c.capitalize(), "count_distinct", column=c) for c in ("person", "family")]
    found = tied(records, [table([COUNTY], [*distinct, summed("visits")])], tmp_path, record="event")
    persons, families, _ = found.tables[0].structure.measures
    assert persons.at_most == ("sum:visits",)
    assert families.at_most == ("sum:visits", "count_distinct:person")


def test_a_count_published_earlier_is_looked_at_too(tmp_path):
    records = frame([(int(n % 3 == 0),) for n in range(30)], "flag")
    before = [table([COUNTY], [measure(), summed("flag", "persons")])]
    found = tied(records, [table([COUNTY], [measure()])], tmp_path, record="person", published=before)
    assert rests(found) == {("count:records", ("sum:flag",), True)}


def amount(values, folder, kind="sum", **facts):
    """Whether an amount or a mean of these values is refused: the slug."""
    records = pd.DataFrame({"county": [f"c{n % 5}" for n in range(len(values))], "paid": values})
    facts = {"of": "amount", **facts} if kind == "sum" else facts
    made = table([COUNTY], [measure(), measure("Paid", kind, column="paid", base="Persons", **facts)])
    declared = dataset({"county": "text", "paid": "number"}, made)
    with warehouse_of(records.astype({"paid": float}), folder) as warehouse:
        true = [tabulate(declared, "one_table", warehouse)]
        try:
            tied_tables(declared, true, warehouse)
        except Refused as refused:
            assert refused.place.column == "paid"
            return refused.slug
    return ""


@pytest.mark.parametrize("kind", ["sum", "mean"])
@pytest.mark.parametrize(
    ("values", "slug"),
    [
        ([0, 1, 1, 0, 1, 0] * 5, "amount-counts-persons"),
        ([1] * 30, "amount-counts-persons"),
        ([0, 1, 2, 3, 10, 0] * 5, "amount-like-a-count"),
        ([120.5] * 30, "amount-like-a-count"),
        ([0, 1, 2, 3, 11, 0] * 5, ""),
        ([0.5, 1, 2, 3, 1, 0] * 5, ""),
        ([-1, 1, 2, 3, 1, 0] * 5, ""),
        ([0] * 30, ""),
    ],
)
def test_an_amount_that_is_a_count_is_refused(tmp_path, kind, values, slug):
    assert amount(values, tmp_path, kind) == slug


def test_small_numbers_that_count_nothing_can_be_said_to(tmp_path):
    grades = [1, 2, 3, 4, 5] * 6
    assert amount(grades, tmp_path, "mean", not_a_count_because="A score of the facility.") == ""
    assert amount([0, 1] * 15, tmp_path, not_a_count_because="It is a flag.") == "amount-counts-persons"


@pytest.mark.parametrize(
    ("people", "refused"),
    [((103, 400), True), ((100, 60), True), ((120, 400), False), ((400, 14), False), ((400, 60), False)],
)
def test_a_population_that_is_hardly_more_than_the_count_is_refused(tmp_path, people, refused):
    records = pd.DataFrame({"county": ["a", "b"], "cases": [100, 5], "people": people})
    cases, population = summed("cases", "persons"), summed("people", "population")
    made = table([dimension("County")], [cases, population])
    if people == (100, 60):
        records["people"] = records["cases"]
    try:
        tied(records, [made], tmp_path)
    except Refused as error:
        assert refused
        assert error.slug == "population-nearly-counted"
    else:
        assert not refused
