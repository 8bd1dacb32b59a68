"""What is said of each category beside its name: one value or none, never one of two."""

from __future__ import annotations

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.storage.structures import structure_from_json
from include.opendata.tables import tabulate
from include.opendata.vocabulary import TableAttribute
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COLUMNS = {"clinic": "text", "town": "text", "beds": "integer", "height": "number", "rooms": "integer"}


def _attribute(name: str, column: str, **facts):
    return {"name": name, "label": name, "definition": name, "column": column, **facts}


CLINIC = dimension(
    "Clinic",
    attributes=[
        _attribute("Town", "town"),
        _attribute("Beds", "beds"),
        _attribute("Height", "height", decimals=2),
    ],
)


@pytest.fixture
def made(tmp_path):
    def make(records: list[tuple], first=CLINIC, **facts):
        frame = pd.DataFrame(records, columns=list(COLUMNS))
        rooms = [measure("Rooms", "sum", column="rooms", of="persons")]
        declared = dataset(COLUMNS, table([first], rooms, absent_combinations="omit", **facts), record="aggregate")
        with warehouse_of(frame.astype({"beds": "Int64", "height": "Float64"}), tmp_path) as warehouse:
            return tabulate(declared, "one_table", warehouse)

    return make


def test_attributes_stand_beside_their_category_with_their_types(made):
    table = made([("b", "Bishop", 12, 1.239, 3), ("a", "Alturas", 7, 0.5, 4), ("b", "Bishop", 12, 1.239, 5)])
    assert table.structure.published_columns()[:4] == ["Clinic", "Town", "Beds", "Height"]
    assert [str(table.frame[name].dtype) for name in ("Town", "Beds", "Height")] == ["string", "Int64", "Float64"]
    assert table.frame[["Clinic", "Town", "Beds", "Height", "Rooms"]].values.tolist() == [
        ["a", "Alturas", 7, 0.5, 4],
        ["b", "Bishop", 12, 1.24, 8],
    ]
    assert table.structure.attributes == (
        TableAttribute("Town", "town", "text"),
        TableAttribute("Beds", "beds", "integer"),
        TableAttribute("Height", "height", "number", 2),
    )


def test_the_total_has_no_attributes(made):
    table = made([("a", "Alturas", 7, 0.5, 4)], {**CLINIC, "total": "All"})
    assert table.frame["Clinic"].tolist() == ["a", "All"]
    assert table.frame["Town"].isna().tolist() == table.frame["Beds"].isna().tolist() == [False, True]


def test_a_category_none_of_whose_records_has_a_value_has_none(made):
    table = made([("a", None, 7, None, 4), ("b", "Bishop", 1, 2.0, 1)])
    assert table.frame["Town"].isna().tolist() == [True, False]
    assert table.frame["Height"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "second",
    [("a", "Bishop", 7, 0.5, 1), ("a", None, 7, 0.5, 1), ("a", "Alturas", 8, 0.5, 1), ("a", "Alturas", 7, 9.5, 1)],
)
def test_records_of_a_category_that_do_not_agree_are_refused(made, second):
    with pytest.raises(Refused) as caught:
        made([("a", "Alturas", 7, 0.5, 4), second])
    assert caught.value.slug == "attribute-differs"
    assert "Alturas" not in str(caught.value) and "1 category has" in str(caught.value)


def test_records_the_filter_leaves_out_do_not_matter(made):
    kept = [{"column": "rooms", "from": 2}]
    table = made([("a", "Alturas", 7, 0.5, 4), ("a", "Bishop", 7, 0.5, 1)], filter=kept)
    assert table.frame["Town"].tolist() == ["Alturas"]


def test_attributes_survive_the_work_area(made):
    from dataclasses import asdict

    structure = made([("a", "Alturas", 7, 0.5, 4)]).structure
    assert structure_from_json(asdict(structure)) == structure
