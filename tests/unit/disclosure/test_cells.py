import numpy as np
import pandas as pd
import pytest

from include.opendata.disclosure.cells import described as described_table
from include.opendata.disclosure.cells import link
from include.opendata.disclosure.protect.true_counts import true_counts
from include.opendata.tables import tabulate
from tests.lib import small_tables
from tests.lib.cubes import described, table
from tests.lib.small_tables import dataset, dimension, warehouse_of

YEARS = {str(1980 + k): (k,) for k in range(4)}
PERIODS = {"1980–1981": (0, 1), "1982–1983": (2, 3)}
COUNTIES = {"Alpine": (0,), "Butte": (1,), "Colusa": (2,)}
SEX = {"F": (0,), "M": (1,)}


def one(tables, **more):
    (cells,) = link(described(tables), **more)
    return cells


def has_equation(cells, table_name, parent_row, child_rows, child_table=None):
    rows = cells.rows[table_name, "Persons"]
    children = cells.rows[child_table or table_name, "Persons"][list(child_rows)]
    return any(p == rows[parent_row] and sorted(c) == sorted(children.tolist()) for p, c in cells.equations)


def test_the_same_cell_of_two_tables_is_one():
    cube = np.arange(6).reshape(3, 2)
    both = [
        table("a", cube, ("county", "sex"), {"county": COUNTIES, "sex": SEX}),
        table("b", cube, ("county", "sex"), {"county": COUNTIES}),
    ]
    cells = one(both)
    county_totals_of_a = cells.rows["a", "Persons"][[2, 5, 8, 11]]
    assert county_totals_of_a.tolist() == cells.rows["b", "Persons"].tolist()
    assert len(cells.keys) == 12


def test_a_period_is_the_sum_of_its_years_in_the_other_table():
    cube = np.arange(12).reshape(3, 4)
    cells = one(
        [
            table("years", cube, ("county", "year"), {"county": COUNTIES, "year": YEARS}, {"county": "All"}),
            table("periods", cube, ("county", "year"), {"county": COUNTIES, "year": PERIODS}, {"county": "All"}),
        ]
    )
    assert has_equation(cells, "periods", 0, (0, 1), "years")
    assert has_equation(cells, "periods", 1, (2, 3), "years")


def test_totals_no_table_publishes_still_tie_tables_together():
    cube = np.arange(12).reshape(3, 2, 2)
    columns = ("county", "sex", "age")
    cells = one(
        [
            table("by_sex", cube, columns, {"county": COUNTIES, "sex": SEX}, {}),
            table("by_age", cube, columns, {"county": COUNTIES, "age": {"young": (0,), "old": (1,)}}, {}),
        ]
    )
    parents = {}
    for parent, children in cells.equations:
        if not cells.published[parent] and cells.published[list(children)].all():
            parents.setdefault(parent, []).append(children)
    shared = [children for children in parents.values() if len(children) == 2]
    assert len(shared) == 3, "each county's unpublished total is a sum in both tables"


def test_categories_nested_in_another_tables_category_are_its_sum():
    cube = np.arange(4).reshape(4)
    fine = {"0–17": (0,), "18–34": (1,), "35–64": (2,), "65+": (3,)}
    coarse = {"0–17": (0,), "18–64": (1, 2), "65+": (3,)}
    cells = one([table("fine", cube, ("age",), {"age": fine}), table("coarse", cube, ("age",), {"age": coarse})])
    assert has_equation(cells, "coarse", 1, (1, 2), "fine")


def test_a_part_without_its_counterpart_leaves_a_remainder():
    cube = np.arange(3)
    some = {"Alpine and Butte": (0, 1)}
    cells = one(
        [
            table("all", cube, ("county",), {"county": {"California": (0, 1, 2)}}, {}),
            table("some", cube, ("county",), {"county": some}, {}),
        ]
    )
    whole, part = cells.rows["all", "Persons"][0], cells.rows["some", "Persons"][0]
    (children,) = [c for p, c in cells.equations if p == whole]
    (rest,) = set(children) - {part}
    assert not cells.published[rest]
    assert cells.keys[rest] == ((2,),)


def test_crossing_categories_are_attacked_by_their_atoms():
    cube = np.arange(4)
    tables = [
        table("a", cube, ("age",), {"age": {"01": (0, 1), "23": (2, 3)}}),
        table("b", cube, ("age",), {"age": {"03": (0, 3), "12": (1, 2)}}),
    ]
    assert ((1,),) not in one(tables).keys
    cells = one(tables, joint=True)
    atom = cells.keys.index(((1,),))
    assert sum(atom in children for _, children in cells.equations) >= 2


def test_a_combination_a_table_leaves_out_is_a_published_zero():
    cube = np.array([[1, 0], [2, 3]])
    full = table("t", cube, ("county", "sex"), {"county": {"A": (0,), "B": (1,)}, "sex": SEX})
    left_out = full.frame[full.frame["Persons"] > 0].reset_index(drop=True)
    cells = one([type(full)(full.structure, left_out)])
    assert len(cells.keys) == 9
    assert cells.published.all()
    assert len(cells.rows["t", "Persons"]) == 8


def test_neighbours_are_one_category_away_and_totals_are_nobodys():
    cube = np.arange(3)
    cells = one([table("t", cube, ("county",), {"county": COUNTIES})])
    assert cells.neighbours == ((1,), (0, 2), (1,), ())
    assert cells.level.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("absent", ["zero", "omit"])
def test_a_category_that_a_filter_leaves_no_record_is_a_zero_of_that_table_alone(tmp_path, absent):
    kept = dimension("Program", total="All")
    declared = dataset(
        {"program": "text", "age": "integer"},
        small_tables.table([dimension("Program", total="All")], name="everybody"),
        small_tables.table([kept], name="old", filter=[{"column": "age", "from": 5}], absent_combinations=absent),
    )
    records = pd.DataFrame({"program": [*"aaaabbbcc"], "age": [5, 5, 1, 1, 5, 1, 1, 1, 1]})
    with warehouse_of(records, tmp_path) as warehouse:
        tables = [tabulate(declared, t.table, warehouse) for t in declared.tables]
    (cells,) = link([described_table(t.structure, t.frame) for t in tables], joint=True)
    counts, _ = true_counts(cells, tables)
    for parent, children in cells.equations:
        assert counts[parent] == counts[list(children)].sum()
    sums = {(parent, frozenset(children)) for parent, children in cells.equations}
    everybody, old = (cells.rows[t.table, "Persons"].tolist() for t in declared.tables)
    assert any(parent == everybody[-1] and old[-1] in children for parent, children in sums)
    nobody = [n for n, key in enumerate(cells.keys) if cells.published[n] and n not in (*everybody, *old)]
    assert any(parent == old[-1] and children == {*old[:-1], *nobody} for parent, children in sums)
