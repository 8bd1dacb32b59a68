import errno
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from include.opendata.errors import StorageError
from include.opendata.storage import RunArea, sweep
from include.opendata.storage.system_errors import storage_errors
from include.opendata.storage.tables import read_table, write_table
from include.opendata.vocabulary import DataTable, ProtectedTable, Structure, TableDimension, TableMeasure


@pytest.fixture(autouse=True)
def area_root(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


STRUCTURE = Structure(
    "t",
    (TableDimension("Sex", "sex", ("F", "M"), "All", atoms={"F": (0,), "M": (1,), "All": (0, 1), "": (0, 1)}),),
    (TableMeasure("Persons", "count", "count:records", True),),
    {"year": (0, 1)},
)


def test_the_work_area_is_for_its_owner_alone(area_root):
    path = RunArea("d", "run").write_json("deep/facts.json", {"a": 1})
    for folder in (area_root, path.parent, path.parent.parent, path.parent.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_runs_of_any_name_get_a_folder_of_their_own():
    a, b = RunArea("d", "manual__2026-01-01T00:00:00+00:00"), RunArea("d", "../../etc/passwd")
    assert a.folder != b.folder
    assert ".." not in b.folder.parts


def test_a_missing_result_says_to_start_again():
    with pytest.raises(StorageError, match="Start the refresh again"):
        RunArea("d", "run").read_json("never.json")


def test_a_data_table_comes_back_as_it_was_kept():
    frame = pd.DataFrame({"Sex": ["F", "M", "All"], "Persons": pd.array([1, 2, 3], dtype="Int64")})
    area = RunArea("d", "run")
    write_table(area, "tables", DataTable(STRUCTURE, frame))
    back = read_table(area, "tables", "t")
    assert isinstance(back, DataTable)
    assert back.structure == STRUCTURE
    assert back.frame.to_dict("list") == frame.to_dict("list")


def test_a_protected_table_keeps_its_blanks_and_figures():
    frame = pd.DataFrame(
        {
            "Sex": ["F", "M", "All"],
            "Persons": pd.array([None, 20, 30], dtype="Int64"),
            "Persons_annotation": pd.array(["1", "", ""], dtype="string"),
        }
    )
    area = RunArea("d", "run")
    write_table(area, "protected", ProtectedTable(STRUCTURE, "combined", frame, True, 1, 0, 0, 3, 11))
    back = read_table(area, "protected", "t")
    assert (back.annotation, back.masked, back.small, back.cells) == ("combined", True, 1, 3)
    assert back.frame["Persons"].isna().tolist() == [True, False, False]
    assert str(back.frame["Persons"].dtype) == "Int64"


def test_old_runs_are_swept_and_young_ones_kept(area_root):
    old, young = RunArea("d", "old"), RunArea("d", "young")
    for area in (old, young):
        area.write_json("run.json", {})
    for path in (old.folder, *old.folder.rglob("*")):
        os.utime(path, (0, 0))
    assert sweep(older_than_days=7) == 1
    assert not old.folder.exists()
    assert young.folder.exists()


def test_a_run_that_is_at_work_while_we_sweep_disturbs_nobody(area_root, monkeypatch):
    old, busy = RunArea("d", "old"), RunArea("d", "busy")
    for area in (old, busy):
        area.write_json("run.json", {})
        for path in (area.folder, *area.folder.rglob("*")):
            os.utime(path, (0, 0))
    listed = Path.rglob

    def and_renamed_meanwhile(folder, pattern):
        yield from listed(folder, pattern)
        if folder == busy.folder:
            yield folder / "snapshot.json.partial"

    monkeypatch.setattr(Path, "rglob", and_renamed_meanwhile)
    assert sweep(older_than_days=7) == 1
    assert busy.folder.exists()
    assert not old.folder.exists()


@pytest.mark.parametrize(("number", "slug"), [(errno.ENOSPC, "disk-full"), (errno.EACCES, "storage-denied")])
def test_the_operating_systems_refusal_is_put_in_words(number, slug):
    with pytest.raises(StorageError) as failed, storage_errors("d", "the work area"):
        raise OSError(number, os.strerror(number))
    assert failed.value.slug == slug


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said_by_the_work_area_itself():
    with (
        pytest.raises(StorageError) as failed,
        storage_errors("d", "the work area"),
        Path("/dev/full").open("w") as full,
    ):
        full.write("x" * 100_000)
    assert failed.value.slug == "disk-full"
