"""What a three-digit ZIP area stands for, so that it is known again in a release that shows whole ZIP codes."""

from include.opendata.disclosure.history.extents import table_extents
from include.opendata.vocabulary import Structure, TableDimension
from tests.lib.small_tables import dataset, dimension, table

AREAS = dimension("ZIP3", "zip", standard="zip3", scores_as={"variable": "residence_geography", "population": 30_000})
CODES = dimension("ZIP", "zip", scores_as={"variable": "residence_geography", "population": 30_000})


def extents(one, *labels):
    structure = Structure("one_table", (TableDimension(one["name"], "zip", labels, None),), ())
    return table_extents(dataset({"zip": "text"}, table([one])), [structure])["one_table"].labels[one["name"]]


def test_an_area_holds_every_zip_code_that_begins_with_it_and_no_other():
    (area, other) = extents(AREAS, "958", "959")
    (code,) = extents(CODES, "95814")
    assert area.common(code) == code
    assert other.common(code).names == frozenset()
    assert area.common(other).names == frozenset()


def test_a_source_may_hold_the_three_digits_alone():
    assert "958" in extents(AREAS, "958")[0].names
