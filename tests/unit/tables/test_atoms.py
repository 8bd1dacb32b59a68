"""Cells of different tables are one figure when their atoms agree: shown where it matters."""

from __future__ import annotations

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.tables import atoms, tabulate
from tests.lib.small_tables import dataset, dimension, table, warehouse_of

AGES = {"age": [20, 30, 40, 70]}
FINE = dimension(
    "Age", bins=[{"from": a, "to": a + 9, "label": f"{a}–{a + 9}"} for a in range(20, 80, 10)], total="All"
)
COARSE = dimension(
    "Age", bins=[{"from": 20, "to": 39, "label": "young"}, {"from": 40, "label": "old"}], total="Everybody"
)


@pytest.fixture
def structures(tmp_path):
    def made(records, *tables, columns=None):
        declared = dataset(columns or {"age": "integer"}, *tables)
        with warehouse_of(pd.DataFrame(records), tmp_path) as warehouse:
            known = atoms(declared, warehouse)
            return [tabulate(declared, one["table"], warehouse, atoms=known).structure for one in tables]

    return made


def of(structure, label, place=0) -> set[int]:
    return set(structure.dimensions[place].atoms[label])


def test_a_coarse_category_is_made_of_the_atoms_of_the_fine_ones(structures):
    fine, coarse = structures(AGES, table([FINE], name="fine"), table([COARSE], name="coarse"))
    assert of(coarse, "young") == of(fine, "20–29") | of(fine, "30–39")
    assert of(coarse, "old") == of(fine, "40–49") | of(fine, "70–79")
    assert not of(coarse, "young") & of(coarse, "old")


def test_totals_of_tables_over_the_same_records_have_the_same_atoms(structures):
    fine, coarse = structures(AGES, table([FINE], name="fine"), table([COARSE], name="coarse"))
    assert of(fine, "All") == of(fine, "") == of(coarse, "Everybody") == of(coarse, "")


def test_a_category_without_records_has_an_atom_that_is_in_every_total(structures):
    fine, coarse = structures(AGES, table([FINE], name="fine"), table([COARSE], name="coarse"))
    empty = of(fine, "50–59")
    assert len(empty) == 1
    assert empty <= of(fine, "All")
    assert empty <= of(coarse, "Everybody")
    assert empty != of(fine, "60–69")


def test_a_table_that_filters_keeps_fewer_atoms(structures):
    whole, part = structures(
        AGES,
        table([FINE], name="whole"),
        table([FINE], name="part", filter=[{"column": "age", "to": 30}]),
    )
    assert of(part, "20–29") == of(whole, "20–29")
    assert of(part, "All") < of(whole, "All")
    assert not of(part, "40–49") & of(whole, "40–49")


def test_tables_that_filter_alike_in_other_words_keep_the_same_atoms(structures):
    one, other = structures(
        AGES,
        table([FINE], name="one_way", filter=[{"column": "age", "to": 35}]),
        table([FINE], name="other_way", filter=[{"column": "age", "in": ["20", "30"]}]),
    )
    assert of(one, "All") == of(other, "All")


def test_a_filter_on_a_column_that_is_no_dimension_is_told_apart(structures):
    records = AGES | {"sex": list("fmfm")}
    columns = {"age": "integer", "sex": "text"}
    women, everybody = structures(
        records,
        table([FINE], name="women", filter=[{"column": "sex", "in": ["f"]}]),
        table([FINE], name="everybody"),
        columns=columns,
    )
    assert set(women.filter_atoms) == set(everybody.filter_atoms) == {"sex"}
    assert set(women.filter_atoms["sex"]) < set(everybody.filter_atoms["sex"])


def test_a_dimension_is_not_among_the_filters(structures):
    (one,) = structures(AGES, table([FINE], name="one_table"))
    assert one.filter_atoms == {}


def test_blanks_are_an_atom_of_their_own(structures):
    records = {"sex": ["f", None]}
    (one,) = structures(records, table([dimension("Sex", missing="Unknown", total="All")]), columns={"sex": "text"})
    assert of(one, "f") | of(one, "Unknown") == of(one, "All")
    assert not of(one, "f") & of(one, "Unknown")


def test_atoms_are_numbered_the_same_whatever_the_order_of_the_records(tmp_path):
    tables = [table([FINE], name="fine"), table([COARSE], name="coarse", filter=[{"column": "age", "from": 25}])]
    declared = dataset({"age": "integer"}, *tables)
    found = []
    for order in (AGES["age"], AGES["age"][::-1]):
        with warehouse_of(pd.DataFrame({"age": order}), tmp_path) as warehouse:
            found.append(atoms(declared, warehouse))
    assert found[0] == found[1]


def test_single_values_by_the_hundred_thousand_are_no_categories(tmp_path, monkeypatch):
    monkeypatch.setattr("include.opendata.tables.column_atoms.MOST_ATOMS", 3)
    declared = dataset({"age": "integer"}, table([dimension("Age")]))
    with warehouse_of(pd.DataFrame(AGES), tmp_path) as warehouse, pytest.raises(Refused) as caught:
        atoms(declared, warehouse)
    assert (caught.value.slug, caught.value.place.column) == ("too-many-categories", "age")
