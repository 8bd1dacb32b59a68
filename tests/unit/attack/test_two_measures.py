"""Records and the distinct persons behind them, read together."""

import pandas as pd
import pytest

from include.opendata.errors import AuditFailed
from include.opendata.pipeline.protection import protect_and_attack
from tests.unit.tabulate.small_tables import dataset, dimension, measure, table, warehouse_of


def protected(folder, clients, visits):
    """A table of visits and of distinct clients by county, protected and attacked."""
    from include.opendata.tabulate import tabulate

    made = table(
        [dimension("County", recode={one: [one] for one in clients}, total="State")],
        [measure("Visits"), measure("Clients", "count_distinct", column="client")],
    )
    declared = dataset({"county": "text", "client": "text"}, made, record="event")
    rows = [(county, f"{county}{n % clients[county]}") for county in clients for n in range(visits[county])]
    with warehouse_of(pd.DataFrame(rows, columns=["county", "client"]), folder) as warehouse:
        return protect_and_attack(declared, [tabulate(declared, "one_table", warehouse)], masked=True)


CLIENTS = {"a": 11, "b": 25, "c": 11, "d": 10}


def test_shown_visits_narrow_hidden_clients_where_hardly_anybody_came_twice(tmp_path):
    """Of the 21 clients in two counties at most 12 are in the one with 12 visits, so the other has 9 or 10."""
    with pytest.raises(AuditFailed) as refused:
        protected(tmp_path, CLIENTS, {"a": 12, "b": 25, "c": 12, "d": 11})
    assert refused.value.slug == "recoverable-between-measures"


def test_visits_tell_nothing_of_clients_who_came_often(tmp_path):
    (made,) = protected(tmp_path, CLIENTS, {county: 4 * count for county, count in CLIENTS.items()}).tables
    assert made.frame["Visits"].notna().all()
    assert made.frame["Clients"].isna().sum() == 2


def counted_from(folder, cases, residents):
    """A table of cases, residents and their rate by county; ``residents`` are published."""
    from include.opendata.tabulate import tabulate

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
