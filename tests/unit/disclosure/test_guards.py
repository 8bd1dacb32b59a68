"""Guards that nothing passes unless something else is broken: each is provoked here, so that none can be switched off."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from include.opendata.declaration.annotation import declared_annotation
from include.opendata.disclosure import cells
from include.opendata.disclosure.attack.published import published_views
from include.opendata.disclosure.cells import finest, tables
from include.opendata.disclosure.history.published import PublishedTable
from include.opendata.disclosure.whole_percentages import refuse_counts_after_percentages
from include.opendata.errors import AuditFailed, DeclarationError, Refused, StorageError
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure
from tests.lib.rules import RULE

ATOMS = {"f": (0,), "m": (1,), "": (0, 1), "All": (0, 1)}
ALL = (0, 1, 2)
COUNT = TableMeasure("Persons", "count", "count:records", additive=True)


def by_sex(name: str, filters: dict[str, tuple[int, ...]] | None = None) -> Structure:
    dimension = TableDimension("Sex", "sex", ("f", "m"), "All", atoms=ATOMS)
    return Structure(name, (dimension,), (COUNT,), filters or {})


def shown(name: str, counts: list[int | None]) -> ProtectedTable:
    codes = ["1" if count is None else "" for count in counts]
    figures = pd.array(counts, dtype="Int64")
    frame = pd.DataFrame({"Sex": ["f", "m", "All"], "Persons": figures, "Persons_annotation": codes})
    return ProtectedTable(
        by_sex(name), "combined", frame, masked=True, small=1, complementary=1, unstable=0, cells=3,
        annotated_below=RULE.below,
    )  # fmt: skip


def test_a_cell_hidden_in_one_table_and_shown_in_another_is_never_published():
    hidden = shown("one", [None, None, 40])
    with pytest.raises(AuditFailed) as error:
        published_views([hidden, shown("two", [4, 36, 40])], rule=RULE, dataset="d")
    assert error.value.slug == "cell-shown-elsewhere"
    assert error.value.what.startswith("2 cells")
    assert published_views([hidden, shown("two", [None, None, 40])], rule=RULE, dataset="d")


def test_tables_of_more_cells_than_can_be_held_are_refused(monkeypatch):
    monkeypatch.setattr(tables, "MAX_CELLS", 2)
    with pytest.raises(Refused) as error:
        cells.link([(by_sex("one"), {"Sex": ["f", "m", "All"]})])
    assert error.value.slug == "too-many-cells"


def test_tables_that_overlap_in_too_many_ways_are_refused(monkeypatch):
    monkeypatch.setattr(finest, "MAX_JOINT_CELLS", 1)
    crossing = [
        TableDimension("Age", "age", ("young", "old"), "All", atoms={"young": young, "old": old, "": ALL, "All": ALL})
        for young, old in (((0,), (1, 2)), ((0, 1), (2,)))
    ]  # fmt: skip
    structures = [
        Structure(f"t{i}", (age, TableDimension("Sex", "sex", ("f", "m"), "All", atoms=ATOMS)), (COUNT,))
        for i, age in enumerate(crossing)
    ]
    structures.append(Structure("t2", (crossing[0],), (COUNT,), {"sex": (0,)}))
    described = [(s, {d.name: [*d.labels, "All"][:1] for d in s.dimensions}) for s in structures]
    with pytest.raises(Refused) as error:
        cells.link(described, joint=True)
    assert error.value.slug == "too-many-cells-to-attack"


@pytest.mark.parametrize("stored", [b"", b"not compressed"])
def test_an_earlier_release_that_cannot_be_read_stops_everything(stored):
    with pytest.raises(StorageError) as error:
        PublishedTable.from_bytes(stored)
    assert error.value.slug == "history-unreadable"


def test_counts_are_not_published_after_percentages_in_their_place():
    percentages = SimpleNamespace(structure=SimpleNamespace(percentages_only=True))
    counts = SimpleNamespace(structure=SimpleNamespace(percentages_only=False))
    declared = SimpleNamespace(dataset="d")
    releases = [SimpleNamespace(release="r1", tables=(counts,)), SimpleNamespace(release="r2", tables=(percentages,))]
    with pytest.raises(Refused) as error:
        refuse_counts_after_percentages(declared, releases)
    assert error.value.slug == "percentages-already-public"
    refuse_counts_after_percentages(declared, releases[:1])


def test_tables_that_share_cells_say_in_one_way_why_a_figure_is_blank():
    tables = [SimpleNamespace(annotation="separate"), SimpleNamespace(annotation="combined")]
    with pytest.raises(DeclarationError) as error:
        declared_annotation(SimpleNamespace(dataset="d", tables=tables))
    assert error.value.slug == "annotation-differs"
    assert declared_annotation(SimpleNamespace(dataset="d", tables=tables[:1])) == "separate"
