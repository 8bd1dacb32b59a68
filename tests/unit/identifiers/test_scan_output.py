"""The last look: exactly what would be published, label by label."""

from __future__ import annotations

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.identifiers import require_not_personal, scan_output
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure
from tests.lib.small_tables import dataset, dimension, table

MAIL = "a.person@example.org"


def look(labels: list[str], folder, *, name: str = "Place", column: dict | None = None, counts: list | None = None):
    facts = {"place": {"type": "text", **(column or {})}}
    declared = dataset(facts, table([dimension(name, "place")]))
    structure = Structure(
        table="one_table",
        dimensions=(TableDimension(name=name, column="place", labels=tuple(labels), total=None),),
        measures=(TableMeasure(name="Persons", role="count", identity="count:records", additive=True),),
    )
    frame = pd.DataFrame(
        {
            name: pd.array(labels, dtype="string"),
            "Persons": pd.array(counts or [20] * len(labels), dtype="Int64"),
            "Persons_annotation": pd.array([""] * len(labels), dtype="string"),
        }
    )
    protected = ProtectedTable(structure, "separate", frame, False, 0, 0, 0, len(labels), 11)
    return scan_output(declared, protected, folder)


def test_ordinary_labels_pass(tmp_path):
    result = look(["Alameda", "Los Angeles", "2020", "90+", "06/07", "A00.1"], tmp_path)
    assert (result.passed, result.findings, result.table, result.rows, result.columns) == (True, (), "one_table", 6, 3)


def test_one_label_that_looks_personal_refuses_the_table_and_is_not_quoted(tmp_path):
    result = look(["Alameda"] * 50 + [MAIL], tmp_path)
    with pytest.raises(Refused) as refused:
        require_not_personal(result)
    assert refused.value.slug == "looks-personal"
    assert (refused.value.place.table, refused.value.place.column) == ("one_table", "Place")
    assert "1 of 51 filled row(s) look like an e-mail address" in str(refused.value)
    assert MAIL not in str(refused.value)


def test_a_published_name_that_looks_personal_refuses_the_table(tmp_path):
    assert [f.kind for f in look(["x"], tmp_path, name="Patient_Name").of("refuse")] == ["name"]


def test_ages_over_89_told_apart_refuse_the_table(tmp_path):
    assert [f.kind for f in look(["85–89", "90–94"], tmp_path, name="Age_Group").of("refuse")] == ["age-over-89"]
    assert look(["85–89", "90+"], tmp_path, name="Age_Group").passed


def test_the_reason_given_for_the_source_column_answers_for_the_published_one(tmp_path):
    result = look([MAIL], tmp_path, column={"not_personal_because": "An office's address."})
    assert [f.severity for f in result.findings] == ["answered"]
    assert result.reasons == {"Place": "An office's address."}


def test_a_column_made_from_a_declared_direct_identifier_is_refused_whatever_the_reason(tmp_path):
    column = {"privacy": "direct_identifier", "not_personal_because": "A reason."}
    result = look(["x", MAIL], tmp_path, column=column)
    assert {(f.kind, f.severity) for f in result.findings} == {
        ("direct-identifier", "refuse"),
        ("e-mail-address", "refuse"),
    }
    with pytest.raises(Refused) as refused:
        require_not_personal(look(["x"], tmp_path, column=column))
    assert "never published" in refused.value.remedy


def test_counts_are_not_taken_for_numbers_of_persons(tmp_path):
    counts = [11, 20, 999, 39_000_000, 331_002_651, 281_421_906]
    assert look([f"Area {n}" for n in range(6)], tmp_path, counts=counts).passed


def test_a_blank_measure_is_no_alarm(tmp_path):
    assert look(["Alameda", "Alpine"], tmp_path, counts=[None, 12]).passed


def test_nothing_is_left_behind_in_the_work_area(tmp_path):
    look(["Alameda"], tmp_path)
    assert list(tmp_path.iterdir()) == []
