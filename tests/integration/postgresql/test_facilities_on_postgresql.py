"""Places on a real PostgreSQL: attributes come out the same, and its answers to the field standards are those of DuckDB."""

import shutil

import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from include.opendata import places
from include.opendata.declaration.load import load_file
from include.opendata.errors import Refused
from include.opendata.quality import check_source, write_suites
from include.opendata.sources import extract
from include.opendata.tables import tabulate
from include.opendata.warehouse import Warehouse, open_snapshot
from tests.lib.facilities import CLINICS, FACILITIES

pytestmark = pytest.mark.slow


def _refusal(dataset, warehouse) -> tuple[str, ...]:
    try:
        check_source(dataset, warehouse)
    except Refused as refused:
        return refused.details
    return ()


@pytest.mark.parametrize(
    ("was", "becomes", "breaches"),
    [
        ("", "", 0),
        ("38.573936,-121.490738", "39.529633,-119.813803", 1),
        ("38.573936,-121.490738", "38.573936,", 1),
        (",067,", ",019,", 1),
        (",95814,", ",9581,", 1),
        ("200 Main St,", "200 Main Street,", 1),
    ],
)
def test_clinics_are_the_same_on_both_engines(was, becomes, breaches, postgresql_address, tmp_path, monkeypatch):
    project = shutil.copytree(places.expectations(), tmp_path / "gx", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("OPENDATA_EXPECTATIONS", str(project))
    (tmp_path / "dataset.yaml").write_text(FACILITIES, encoding="utf-8")
    (tmp_path / "clinics.csv").write_text(CLINICS.replace(was, becomes), encoding="utf-8")
    dataset = load_file(tmp_path / "dataset.yaml")
    write_suites(dataset)
    snapshot = extract(
        dataset.source, dataset=dataset.dataset, location=str(tmp_path / "clinics.csv"), into=tmp_path / "work"
    )
    engine = sa.create_engine(postgresql_address)
    pd.read_parquet(snapshot.parquet).to_sql("clinics", engine, index=False, if_exists="replace")
    there = Warehouse(engine, "clinics")
    try:
        with open_snapshot(snapshot.parquet, dataset=dataset.dataset) as here:
            on_duckdb, on_postgresql = _refusal(dataset, here), _refusal(dataset, there)
            assert on_duckdb == on_postgresql and len(on_duckdb) == breaches
            if not breaches:
                assert_frame_equal(tabulate(dataset, "clinics", here).frame, tabulate(dataset, "clinics", there).frame)
    finally:
        engine.dispose()
