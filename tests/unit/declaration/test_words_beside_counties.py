"""What stands in a column of county names must be written as the standard has it, or no release would ever pass its gate."""

from __future__ import annotations

import pytest

from include.opendata.declaration.consistency import inconsistencies
from tests.lib.small_tables import dataset, dimension, table


def problems(**facts):
    county = dimension("County", "fips", standard="county", **facts)
    return [(found.field, found.what) for found in inconsistencies(dataset({"fips": "text"}, table([county])))]


def test_a_total_that_fits_the_standard_is_sound():
    assert problems(total="All counties", missing="Unknown") == []


@pytest.mark.parametrize("field", ["total", "missing"])
@pytest.mark.parametrize(
    ("label", "told"), [("All counties together", "has 21 characters"), ("Any County", "without “County”")]
)
def test_a_word_that_does_not_is_told_where_it_stands(field, label, told):
    ((where, what),) = problems(**({"total": "All"} | {field: label}))
    assert where[-1] == field
    assert told in what
