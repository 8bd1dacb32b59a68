"""Whatever the records and however they come: what is merged is what counting them together gives, cell by cell."""

from __future__ import annotations

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lib.merged_tables import counted_together, merged, same, stood
from tests.lib.small_tables import dataset, dimension, measure, table

COLUMNS = {"region": "text", "sex": "text", "year": "integer", "cost": "number", "client": "integer"}
REGION = dimension("Region", labels={"n": "North", "s": "South", "w": "West"}, total="All regions")
AREA = dimension("Area", "region", recode={"North and South": ["n", "s"], "West": ["w"]})
SEX = dimension("Sex", total="Both")
YEAR = dimension("Year", total="All years")
MEASURES = [
    measure(),
    measure("Cost", "sum", column="cost", of="amount", base="Persons", decimals=2),
    measure("Mean_Cost", "mean", column="cost", base="Persons", decimals=1),
    measure("Percent", "percent", numerator="Persons", within=["Sex"], decimals=1),
]
RECORD = st.fixed_dictionaries(
    {
        "region": st.sampled_from(["n", "s", "w"]),
        "sex": st.sampled_from(["f", "m", "x"]),
        "year": st.integers(2001, 2004),
        "cost": st.integers(0, 10_000).map(lambda cents: cents / 100),
        "client": st.integers(1, 5),
    }
)
RECORDS = st.lists(RECORD, min_size=4, max_size=30).map(pd.DataFrame)
FEW = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def declared(refresh, absent="zero"):
    facts = {"refresh": refresh, "absent_combinations": absent}
    return dataset(
        COLUMNS,
        table([REGION, SEX, YEAR], MEASURES, **facts),
        table([AREA, YEAR], name="by_area", **facts),
    )


@FEW
@given(RECORDS, st.sampled_from(["zero", "omit"]))
def test_appended_years_give_what_all_years_give(records, absent):
    records = records.sort_values("year", kind="stable")
    last = records.year == records.year.max()
    if last.all():
        return
    both = declared("append", absent)
    for name in ("one_table", "by_area"):
        made, _ = merged(both, stood(both, records[~last]), records[last], name)
        same(made, counted_together(both, records, name))


@FEW
@given(RECORDS, RECORDS, st.sampled_from(["zero", "omit"]))
def test_updated_years_give_what_the_corrected_records_give(records, corrected, absent):
    both = declared({"mechanism": "update", "key": ["Year"]}, absent)
    together = pd.concat([records[~records.year.isin(corrected.year)], corrected])
    for name in ("one_table", "by_area"):
        made, _ = merged(both, stood(both, records), corrected, name)
        same(made, counted_together(both, together, name))


@FEW
@given(RECORDS)
def test_deleted_years_give_what_the_others_give(records):
    gone = records.year == records.year.min()
    if gone.all():
        return
    both = declared({"mechanism": "delete", "key": ["Year"]}, "omit")
    for name in ("one_table", "by_area"):
        made, _ = merged(both, stood(both, records), records[gone], name)
        same(made, counted_together(both, records[~gone], name))


@FEW
@given(RECORDS)
def test_a_rule_gives_what_the_later_years_give(records):
    rule = {"mechanism": "append", "remove": {"dimension": "Year", "older_than": "2 years"}}
    both = declared(rule)
    newest = int(records.year.max())
    extract = pd.DataFrame([{**records.iloc[0].to_dict(), "year": newest + 1}])
    together = pd.concat([records, extract])
    for name in ("one_table", "by_area"):
        made, _ = merged(both, stood(both, records), extract, name)
        same(made, counted_together(both, together[together.year >= newest], name))
