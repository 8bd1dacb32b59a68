"""A table that is replaced holds the last extract's records alone, and beside it stand tables of all extracts there were."""

import pandas as pd
import pytest

from include.opendata.disclosure.history.extents import Extent, table_extents
from tests.lib.merged_tables import merged, stood
from tests.lib.small_tables import dataset, dimension, table

COLUMNS = {"county": "text", "month": "integer", "sex": "text"}
COUNTY = dimension("County", total="State")
MONTH = dimension("Month", total="All months")
SEX = dimension("Sex", labels={"f": "Female", "m": "Male"}, total="Both")


def records(*rows):
    return pd.DataFrame(rows, columns=["county", "month", "sex"])


JANUARY = records(("A", 1, "f"), ("A", 1, "m"), ("B", 1, "m"))
FEBRUARY = records(("A", 2, "f"), ("B", 2, "m"), ("B", 2, "f"))


@pytest.mark.parametrize("latest", [[SEX, MONTH], [COUNTY, SEX]], ids=["made of the month", "not made of the month"])
def test_each_stands_for_the_records_it_is_made_of(latest):
    declared = dataset(COLUMNS, table([COUNTY, MONTH], name="running", refresh="append"), table(latest, name="latest"))
    standing = stood(declared, JANUARY)
    structures = [merged(declared, standing, FEBRUARY, name)[0].structure for name in ("running", "latest")]
    found = table_extents(declared, structures)
    assert found["running"].labels["Month"] == (Extent(((1, 2),)), Extent(((2, 3),)))
    assert found["running"].whole["month"] == Extent(((1, 3),))
    assert found["latest"].whole["month"] == Extent(((2, 3),))
    assert found["latest"].whole["county"] == found["running"].whole["county"] == Extent(names=frozenset("AB"))
