"""Whatever the records: the figures are those of a plain count, totals add up, and the same records give the same bytes."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.opendata.tables import tabulate
from include.opendata.vocabulary import DataTable
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

VALUES = {"region": ["n", "s", "w"], "sex": ["f", "m"], "year": [2001, 2002, 2003]}
TABLE = table(
    [
        dimension("Region", labels={"n": "North", "s": "South", "w": "West"}, total="All regions"),
        dimension("Sex", labels={"f": "Female", "m": "Male"}, total="Both"),
        dimension("Year", total="All years"),
    ],
    [
        measure(),
        measure("Clients", "count_distinct", column="client"),
        measure("Visits", "sum", column="visits", of="events"),
        measure("Cost", "sum", column="cost", of="amount", base="Persons", decimals=2),
        measure("Percent", "percent", numerator="Persons", within=["Sex"], decimals=1),
    ],
)
DECLARED = dataset(
    {"region": "text", "sex": "text", "year": "integer", "client": "integer", "visits": "integer", "cost": "number"},
    TABLE,
)
RECORD = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in VALUES.items()}
    | {
        "client": st.integers(1, 4),
        "visits": st.integers(0, 20),
        "cost": st.integers(0, 10_000).map(lambda cents: cents / 100),
    }
)
RECORDS = st.lists(RECORD, min_size=1, max_size=30).map(pd.DataFrame)
FEW = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def _tabulated(records: pd.DataFrame) -> DataTable:
    with tempfile.TemporaryDirectory() as folder, warehouse_of(records, Path(folder)) as warehouse:
        return tabulate(DECLARED, "one_table", warehouse)


def _chosen(records: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    """The records of one row of the table, found the plain way."""
    for column, name, total in (
        ("region", "Region", "All regions"),
        ("sex", "Sex", "Both"),
        ("year", "Year", "All years"),
    ):
        if row[name] != total:
            value = int(row[name]) if column == "year" else row[name][0].lower()
            records = records[records[column] == value]
    return records


@FEW
@given(RECORDS)
def test_every_cell_is_what_a_plain_count_of_its_records_gives(records):
    for _, row in _tabulated(records).frame.iterrows():
        chosen = _chosen(records, row)
        assert row["Persons"] == len(chosen)
        assert row["Clients"] == chosen["client"].nunique()
        assert row["Visits"] == chosen["visits"].sum()
        assert row["Cost"] == round(chosen["cost"].sum(), 2)
        both = len(_chosen(records, row.replace({row["Sex"]: "Both"})))
        assert (row["Percent"] is pd.NA) == (both == 0)
        if both:
            assert abs(row["Percent"] - 100 * len(chosen) / both) <= 0.05 + 1e-9


@FEW
@given(RECORDS)
def test_totals_of_additive_measures_are_the_sums_of_their_parts(records):
    made = _tabulated(records)
    for d in made.structure.dimensions:
        others = [o.name for o in made.structure.dimensions if o is not d]
        total = made.frame[made.frame[d.name] == d.total].set_index(others)
        parts = made.frame[made.frame[d.name] != d.total].groupby(others).sum(numeric_only=True)
        for m in made.structure.measures:
            if m.additive and m.decimals is None:
                assert (total[m.name] == parts.loc[total.index, m.name]).all()


@FEW
@given(RECORDS, st.randoms(use_true_random=False))
def test_the_same_records_in_any_order_give_the_same_bytes(records, random):
    shuffled = records.iloc[random.sample(range(len(records)), len(records))].reset_index(drop=True)
    digests = {
        hashlib.sha256(_tabulated(frame).frame.to_csv(index=False).encode()).hexdigest()
        for frame in (records, shuffled)
    }
    assert len(digests) == 1


@FEW
@given(RECORDS)
def test_rows_stand_in_the_order_of_the_categories(records):
    made = _tabulated(records)
    places = []
    for d in made.structure.dimensions:
        order = {label: i for i, label in enumerate([*d.labels, d.total])}
        places.append([order[label] for label in made.frame[d.name]])
    rows = list(zip(*places, strict=True))
    assert rows == sorted(set(rows))
