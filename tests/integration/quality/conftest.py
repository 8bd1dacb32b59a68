"""The shipped datasets as the quality room meets them: the source's declared columns, and tables as the public may see them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from demo import make_sources
from include.opendata import places
from include.opendata.declaration.load import load
from include.opendata.rules.reference import california_counties
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure
from include.opendata.warehouse import open_snapshot

PERIODS = {"1980 to 1984": range(1980, 1985), "1985 to 1989": range(1985, 1990), "1990 to 1996": range(1990, 1997)}


@pytest.fixture(scope="session")
def sources() -> dict[str, pd.DataFrame]:
    """Each shipped dataset's source with its declared columns."""
    make_sources.main()
    frames = {}
    for name, file in {
        "health_insurance_coverage": "health_insurance.csv",
        "homicides_by_county": "countymurders_california.csv",
    }.items():
        frame = pd.read_csv(make_sources.SOURCES / file, keep_default_na=False)
        frames[name] = frame[[column.name for column in load(name).source.columns]]
    return frames


@pytest.fixture
def homicides(sources) -> pd.DataFrame:
    """The homicides' source, to be spoiled."""
    return sources["homicides_by_county"].copy()


@pytest.fixture
def warehouse_of(tmp_path):
    """A function: frame → the embedded warehouse over it."""

    def make(frame: pd.DataFrame):
        path = tmp_path / "source.parquet"
        frame.to_parquet(path, index=False)
        return open_snapshot(path, dataset="test")

    return make


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A copy of the Great Expectations project, to be spoiled."""
    copy = tmp_path / "great_expectations"
    shutil.copytree(places.expectations(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("OPENDATA_EXPECTATIONS", str(copy))
    return copy


@pytest.fixture
def edit_suite(project):
    """A function: change the JSON of a suite of the copied project."""

    def edit(name: str, change) -> None:
        path = project / "expectations" / f"{name}.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data), encoding="utf-8")

    return edit


@pytest.fixture
def by_period(sources) -> ProtectedTable:
    """Homicides by county and period with every count from 1 to 10 blank: 58 counties and the state, three periods."""
    frame = sources["homicides_by_county"]
    names = {area.code: area.name for area in california_counties().areas}
    rows = []
    for code in [*sorted(names), ""]:
        for label, years in PERIODS.items():
            kept = frame[frame["year"].isin(years) & ((frame["countyfips"] == int(code)) if code else True)]
            rows.append(
                (names.get(code, "California"), code, label, int(kept["murders"].sum()), int(kept["popul"].sum()))
            )
    table = pd.DataFrame(rows, columns=["County", "County_FIPS", "Period", "Homicides", "Person_Years"])
    small = table["Homicides"].between(1, 10)
    table["Homicides"] = table["Homicides"].astype("Int64")
    table["Rate_per_100000"] = (table["Homicides"] / table["Person_Years"] * 100_000).round(1).astype("Float64")
    table.loc[small, ["Homicides", "Rate_per_100000"]] = pd.NA
    for measure in ("Homicides", "Rate_per_100000"):
        table[f"{measure}_annotation"] = small.map({True: "1", False: ""}).astype("string")
    structure = Structure(
        table="homicides_by_county_and_period",
        dimensions=(
            TableDimension("County", "countyfips", tuple(names.values()), "California", tuple(names), "County_FIPS"),
            TableDimension("Period", "year", tuple(PERIODS), None),
        ),
        measures=(
            TableMeasure("Homicides", "count", "sum:murders", True),
            TableMeasure("Person_Years", "population", "sum:popul", True),
            TableMeasure(
                "Rate_per_100000", "rate", "rate", False, "Homicides", "Person_Years", per=100_000, decimals=1
            ),
        ),
    )
    ordered = table[structure.published_columns()]
    return ProtectedTable(structure, "combined", ordered, True, int(small.sum()), 0, 0, len(table), 11)


@pytest.fixture
def by_region(sources) -> ProtectedTable:
    """Coverage by region, sex and age group, nothing hidden: not masked."""
    declared = load("health_insurance_coverage").table("coverage_by_region_sex_age")
    frame = sources["health_insurance_coverage"].copy()
    bins = declared.dimension("Age_Group").bins or []
    frame["age"] = frame["age"].map(lambda age: next(b.label for b in bins if b.from_ <= age <= (b.to or 200)))
    for dimension in declared.dimensions:
        if dimension.labels:
            frame[dimension.column] = frame[dimension.column].map(dimension.labels)
    columns = {d.name: frame[d.column] for d in declared.dimensions}
    pieces = pd.DataFrame(columns)
    for dimension in declared.dimensions:
        pieces = pd.concat([pieces, pieces.assign(**{dimension.name: dimension.total})])
    names = [d.name for d in declared.dimensions]
    table = pieces.groupby(names, sort=True).size().rename("Persons").reset_index()
    whole = table[table["Coverage"] == "All persons"].set_index(names[:-1])["Persons"]
    share = table["Persons"] / whole.loc[pd.MultiIndex.from_frame(table[names[:-1]])].to_numpy()
    table["Persons"] = table["Persons"].astype("Int64")
    table["Percent"] = (100 * share).round(1).astype("Float64")
    for measure in ("Persons", "Percent"):
        table[f"{measure}_annotation"] = pd.Series([""] * len(table), dtype="string")
    structure = Structure(
        table="coverage_by_region_sex_age",
        dimensions=tuple(TableDimension(d.name, d.column, (), d.total) for d in declared.dimensions),
        measures=(
            TableMeasure("Persons", "count", "count:records", True),
            TableMeasure("Percent", "percent", "percent", False, "Persons", within=("Coverage",), decimals=1),
        ),
    )
    ordered = table[structure.published_columns()]
    return ProtectedTable(structure, "combined", ordered, False, 0, 0, 0, len(table), 11)
