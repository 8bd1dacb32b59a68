"""Whole percentages are published only where the counts appear nowhere else and an attacker does not find the small one."""

from types import SimpleNamespace

import pandas as pd
import pytest

from include.opendata.declaration.load import load_file
from include.opendata.disclosure.history.extents import TableExtents
from include.opendata.disclosure.history.published import PublishedLimits, PublishedRelease, PublishedTable
from include.opendata.disclosure.whole_percentages import protect_percentages
from include.opendata.errors import AuditFailed, OpendataError
from include.opendata.vocabulary import DataTable, Structure, TableDimension, TableMeasure
from tests.lib.declarations import write
from tests.unit.declaration.test_load import PERCENTAGES

COUNT = TableMeasure("Persons", "count", "count:records", True)
PERCENT = TableMeasure("Percent", "percent", "percent", False, "Persons", within=("Sex",), decimals=0)


@pytest.fixture
def declared(tmp_path):
    return load_file(write(tmp_path, PERCENTAGES), dataset="clinic_visits")


def table(counts: list[int], percents: list[int]) -> DataTable:
    labels = ("Female", "Male", "Intersex")
    frame = pd.DataFrame(
        {
            "Sex": pd.array([*labels, "Both sexes"], dtype="string"),
            "Persons": pd.array([*counts, sum(counts)], dtype="Int64"),
            "Percent": pd.array([*percents, 100], dtype="Float64"),
        }
    )
    return DataTable(
        Structure("visits_by_sex", (TableDimension("Sex", "sex", labels, "Both sexes"),), (COUNT, PERCENT)), frame
    )


SAFE = table([545, 545, 10], [50, 50, 1])


def refusal(declared, *tables, masked=True, earlier=()) -> OpendataError:
    with pytest.raises(OpendataError) as caught:
        protect_percentages(declared, tables, masked=masked, earlier=earlier)
    assert caught.value.remedy
    return caught.value


def test_the_blank_counts_as_proven_by_two_tables_of_whole_numbers(declared):
    protection = protect_percentages(declared, [SAFE], masked=True)
    assert protection.facts["visits_by_sex"]["attack"] == {"safe_with_witness": 1}
    assert protection.summary("visits_by_sex")[0] == "percentages-only"


def test_percentages_are_refused_where_no_masking_is_needed(declared):
    assert refusal(declared, SAFE, masked=False).slug == "masking-not-needed"


def test_percentages_are_refused_beside_another_table(declared):
    assert refusal(declared, SAFE, SAFE).slug == "counts-appear-elsewhere"


def test_percentages_are_refused_after_counts(declared):
    before = SimpleNamespace(release="r1", tables=(SimpleNamespace(structure=SAFE.structure),))
    assert refusal(declared, SAFE, earlier=(before,)).slug == "counts-already-public"


def test_percentages_that_tell_the_small_count_are_not_published(declared):
    failed = refusal(declared, table([1490, 0, 10], [99, 0, 1]))
    assert isinstance(failed, AuditFailed)
    assert failed.slug == "recoverable"


def test_earlier_percentages_are_read_by_the_number_of_their_own_time(declared):
    (made,) = protect_percentages(declared, [table([1495, 16, 9], [98, 1, 1])], masked=True).tables
    assert made.annotated_below == 11
    kept = PublishedTable.about_to_be(
        made.structure,
        TableExtents({}, {}),
        made.annotation,
        made.frame,
        PublishedLimits.of_today(made.annotated_below),
    )
    raised = declared.model_copy(update={"small_cells_below": 20})
    before = PublishedRelease("r1", (kept,))
    failed = refusal(raised, table([1491, 0, 9], [99, 0, 1]), earlier=(before,))
    assert failed.slug == "recoverable-with-earlier-releases"
