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
