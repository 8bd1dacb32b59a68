"""Records and the distinct persons behind them, read together."""

import itertools
import random
from dataclasses import replace

import pandas as pd
import pytest

from include.opendata.disclosure import protection, release_attack
from include.opendata.disclosure.protect import measures_together
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import AuditFailed, OpendataError
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of


def protected(folder, clients, visits, annotation="combined", records=None):
    """A table of visits and of distinct clients by county, protected and attacked; and what was reasoned with."""
    from include.opendata.tables import tabulate

    made = table(
        [dimension("County", recode={one: [one] for one in clients}, total="State")],
        [records or measure("Visits"), measure("Clients", "count_distinct", column="client")],
        annotation=annotation,
    )
    declared = dataset({"county": "text", "client": "text"}, made, record="event")
    rows = [(county, f"{county}{n % clients[county]}") for county in clients for n in range(visits[county])]
    with warehouse_of(pd.DataFrame(rows, columns=["county", "client"]), folder) as warehouse:
        done = protect_and_attack(declared, [tabulate(declared, "one_table", warehouse)], masked=True)
    return done.tables[0].frame.set_index("County"), done.facts["one_table"]["hidden_anew"]


def clients_left(frame, annotation):
    """County → every number of clients it can have, by trying all that fit shown visits, blanks, codes and the total."""
    codes = frame["Clients_annotation"]
    assert frame["Visits"].notna().all()

    def values(place):
        if pd.notna(frame["Clients"][place]):
            return [int(frame["Clients"][place])]
        low, high = 1, int(frame["Visits"][place])
        if annotation == "separate":
            low, high = (11, high) if codes[place] == "2" else (low, min(high, 10))
        return range(low, high + 1)

    counties = [place for place in frame.index if place != "State"]
    fitting = [one for one in itertools.product(*(values(place) for place in counties)) if sum(one) in values("State")]
    return {place: {one[k] for one in fitting} for k, place in enumerate(counties) if pd.isna(frame["Clients"][place])}


CLIENTS = {"a": 11, "b": 25, "c": 11, "d": 10}
ONCE = {"a": 12, "b": 25, "c": 12, "d": 11}


def test_shown_visits_narrow_hidden_clients_where_hardly_anybody_came_twice(tmp_path, monkeypatch):
    """Of the 21 clients in two counties at most 12 are in the one with 12 visits, so the other has 9 or 10."""
    monkeypatch.setattr(protection, "FOUND_WITH", {})
    with pytest.raises(AuditFailed) as refused:
        protected(tmp_path, CLIENTS, ONCE)
    assert refused.value.slug == "recoverable-between-measures"


@pytest.mark.parametrize("annotation", ["combined", "separate"])
@pytest.mark.parametrize("visits", [ONCE, {"a": 12, "b": 26, "c": 13, "d": 12}], ids=["once", "twice"])
def test_what_the_attack_found_between_measures_is_hidden_with_both_in_mind(tmp_path, visits, annotation):
    frame, anew = protected(tmp_path, CLIENTS, visits, annotation)
    assert anew == ["measures"] or (annotation == "combined" and visits != ONCE)
    left = clients_left(frame, annotation)
    assert max(left["d"]) - min(left["d"]) >= 3
    assert all(min(values) > 10 or max(values) - min(values) >= 3 for values in left.values())


def test_what_is_too_large_to_be_hidden_anew_is_refused_with_what_the_attack_found(tmp_path, monkeypatch):
    monkeypatch.setattr(measures_together, "GENERAL_UP_TO", 12)
    with pytest.raises(AuditFailed) as refused:
        protected(tmp_path, CLIENTS, ONCE)
    assert refused.value.slug == "recoverable-between-measures"


@pytest.mark.parametrize("annotation", ["combined", "separate"])
@pytest.mark.parametrize("seed", range(6))
def test_random_visits_and_clients_come_out_safe_by_trying_all_or_are_refused(tmp_path, seed, annotation):
    draw = random.Random(seed)
    clients = {county: draw.choice([3, 8, 10, 11, 12, 14, 20]) for county in "abcd"}
    visits = {county: max(11, count + draw.randint(0, 4)) for county, count in clients.items()}
    try:
        frame, _ = protected(tmp_path, clients, visits, annotation)
    except OpendataError as refused:
        assert refused.slug in ("recoverable-between-measures", "separate-codes-unsafe", "no-safe-suppression")
        return
    for values in clients_left(frame, annotation).values() if frame["Visits"].notna().all() else ():
        assert min(values) > 10 or max(values) - min(values) >= 3


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_visits_that_are_hidden_with_few_clients_are_hidden_with_them_in_mind(tmp_path, annotation):
    """Visits of few persons carry code 1 as well, which then says nothing of how many visits they are."""
    visits = measure("Visits", persons="client")
    frame, _ = protected(
        tmp_path, {"a": 12, "b": 30, "c": 13, "d": 9}, {"a": 13, "b": 31, "c": 14, "d": 11}, annotation, visits
    )
    small = frame["Clients"].isna()
    assert small["d"]
    assert pd.isna(frame["Visits"]["d"])
    assert small.sum() >= 2


def test_code_one_of_clients_says_how_many_at_most_although_that_of_visits_does_not(tmp_path):
    visits = {"a": 10, "b": 11, "c": 12, "d": 10}
    records = measure("Visits", persons="client")
    frame, anew = protected(tmp_path, {"a": 9, "b": 11, "c": 12, "d": 9}, visits, "separate", records)
    assert anew == ["measures"]
    assert frame.loc[["a", "d"], ["Visits", "Clients"]].isna().all(axis=None)


def test_visits_tell_nothing_of_clients_who_came_often(tmp_path):
    frame, anew = protected(tmp_path, CLIENTS, {county: 4 * count for county, count in CLIENTS.items()})
    assert frame["Visits"].notna().all()
    assert frame["Clients"].isna().sum() == 2
    assert not anew


def counted_from(folder, cases, residents):
    """A table of cases, residents and their rate by county; ``residents`` are published."""
    from include.opendata.tables import tabulate

    made = table(
        [dimension("County", recode={one: [one] for one in cases}, total="State")],
        [
            measure("Cases", "sum", column="cases", of="persons"),
            measure("Residents", "sum", column="residents", of="population"),
            measure("Rate", "rate", numerator="Cases", denominator="Residents", per=100),
        ],
    )
    declared = dataset({"county": "text", "cases": "integer", "residents": "integer"}, made, record="aggregate")
    records = pd.DataFrame({"county": list(cases), "cases": list(cases.values()), "residents": residents})
    with warehouse_of(records, folder) as warehouse:
        return protect_and_attack(declared, [tabulate(declared, "one_table", warehouse)], masked=True)


def test_three_residents_have_at_most_three_cases(tmp_path):
    with pytest.raises(AuditFailed) as refused:
        counted_from(tmp_path, {"a": 2, "b": 30, "c": 12}, [3, 900, 800])
    assert refused.value.slug == "recoverable-between-measures"


def test_many_residents_tell_nothing_of_a_few_cases(tmp_path):
    (made,) = counted_from(tmp_path, {"a": 2, "b": 30, "c": 12}, [700, 900, 800]).tables
    assert made.frame["Cases"].isna().sum() == 2


def test_more_events_than_residents_show_that_residents_are_no_bound(tmp_path):
    (made,) = counted_from(tmp_path, {"a": 2, "b": 30, "c": 12}, [3, 20, 800]).tables
    assert made.frame["Cases"].isna().sum() == 2


def test_a_few_residents_are_hidden_behind_a_county_that_has_room_for_more_cases(tmp_path, monkeypatch):
    """All 14 residents of one county are cases; beside it, two cases among four residents could only be 2, 3 or 4."""
    cases, residents = {"a": 14, "b": 2, "c": 40, "d": 30}, [14, 4, 900, 800]
    (made,) = counted_from(tmp_path, cases, residents).tables
    frame = made.frame.set_index("County")
    hidden = frame.index[frame["Cases"].isna()]
    assert "b" in hidden
    assert set(hidden) - {"a", "b"}
    room = sum(residents["abcd".index(county)] for county in hidden if county != "b")
    together = sum(cases[county] for county in hidden)
    assert room >= together - 1, "the others could have all cases but one"
    monkeypatch.setattr(protection, "FOUND_WITH", {})
    with pytest.raises(AuditFailed) as refused:
        counted_from(tmp_path, cases, residents)
    assert refused.value.slug == "recoverable-between-measures"


def release_of(folder, tables, earlier=()):
    """The next release of ``tables``, of the same clients and visits every time."""
    from include.opendata.tables import atoms, tabulate

    declared = dataset({"county": "text", "client": "text"}, *tables, record="event")
    rows = [(county, f"{county}{n % CLIENTS[county]}") for county in CLIENTS for n in range(ONCE[county])]
    with warehouse_of(pd.DataFrame(rows, columns=["county", "client"]), folder) as warehouse:
        known = atoms(declared, warehouse)
        made = [tabulate(declared, t.table, warehouse, atoms=known) for t in declared.tables]
    done = protection.protect_and_attack(declared, made, masked=True, earlier=earlier)
    return replace(release_attack.upcoming_release(done.tables, done.extents), release=f"r{len(earlier) + 1}")


def test_visits_an_earlier_release_showed_narrow_the_clients_of_this_one(tmp_path, monkeypatch):
    """The regions' visits say nothing of a county's clients; the counties' visits of the release before do."""
    county = dimension("County", recode={one: [one] for one in CLIENTS}, total="State")
    region = dimension("County", recode={"north": ["a", "b"], "south": ["c", "d"]}, total="State")
    clients = measure("Clients", "count_distinct", column="client")
    before = table([county], [measure("Visits")], "visits")
    now = [table([region], [measure("Visits")], "visits"), table([county], [clients], "clients")]
    first = release_of(tmp_path, [before])
    release_of(tmp_path, now)  # by itself nothing is wrong with it
    with pytest.raises(AuditFailed) as refused:
        release_of(tmp_path, now, (first,))
    assert refused.value.slug == "recoverable-between-measures"
    monkeypatch.setattr(release_attack, "agrees", lambda view: False)
    release_of(tmp_path, now, (first,))


@pytest.mark.parametrize(
    ("annotation", "twice", "safe"), [("separate", 1, False), ("separate", 9, True), ("combined", 1, True)]
)
def test_all_persons_are_no_more_than_those_of_every_county_together(tmp_path, annotation, twice, safe):
    """Ten clients in a, 50 in b, 60 in c, ``twice`` of them in a and in b. Of 119 in all at least 9 are in a, by its code at
    most 10; of 111 at least one is."""
    from include.opendata.tables import atoms, tabulate

    clients = measure("Clients", "count_distinct", column="client")
    declared = dataset(
        {"county": "text", "sex": "text", "client": "integer"},
        table([dimension("County")], [clients], "by_county", annotation=annotation),
        table([dimension("Sex", total="Both")], [clients], "by_sex", annotation=annotation),
        record="event",
    )
    rows = [
        (county, n) for county, some in (("a", range(10)), ("b", range(10, 60)), ("c", range(60, 120))) for n in some
    ]
    rows = [(county, n - 10 if county == "b" and n < 10 + twice else n) for county, n in rows]
    records = pd.DataFrame([(county, "fm"[n % 2], n) for county, n in rows], columns=["county", "sex", "client"])
    with warehouse_of(records, tmp_path) as warehouse:
        numbered = atoms(declared, warehouse)
        tables = [tabulate(declared, t.table, warehouse, atoms=numbered) for t in declared.tables]
    if safe:
        frame = protect_and_attack(declared, tables, masked=True).tables[0].frame.set_index("County")
        assert frame["Clients"].isna().to_dict() == {"a": True, "b": False, "c": False}
        return
    with pytest.raises(AuditFailed) as refused:
        protect_and_attack(declared, tables, masked=True)
    assert refused.value.slug == "recoverable-between-categories"
