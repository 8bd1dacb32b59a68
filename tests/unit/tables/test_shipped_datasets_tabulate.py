"""The two shipped datasets, from their source's bytes to their tables, against figures known from elsewhere."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from demo import make_sources
from include.opendata.declaration.load import load
from include.opendata.sources import extract
from include.opendata.tables import atoms, control_totals, tabulate
from include.opendata.warehouse import open_snapshot


def _tables(name: str, csv: str, folder):
    path = folder / f"{name}.csv"
    path.write_text(csv, encoding="utf-8", newline="")
    declared = load(name)
    snapshot = extract(declared.source, dataset=name, location=str(path), into=folder / "snapshot")
    with open_snapshot(snapshot.parquet, dataset=name) as warehouse:
        control_totals(declared, warehouse)
        known = atoms(declared, warehouse)
        return snapshot, {one.table: tabulate(declared, one.table, warehouse, atoms=known) for one in declared.tables}


@pytest.fixture(scope="module")
def coverage(tmp_path_factory):
    csv = make_sources.health_insurance()
    return pd.read_csv(io.StringIO(csv)), *_tables(
        "health_insurance_coverage", csv, tmp_path_factory.mktemp("coverage")
    )


@pytest.fixture(scope="module")
def homicides(tmp_path_factory):
    csv = make_sources.county_murders()
    return pd.read_csv(io.StringIO(csv)), *_tables("homicides_by_county", csv, tmp_path_factory.mktemp("homicides"))


def test_the_survey_has_8802_persons_in_both_tables(coverage):
    _, snapshot, tables = coverage
    assert snapshot.rows == 8802
    for made in tables.values():
        assert made.frame["Persons"].iloc[-1] == 8802


def test_the_surveys_cells_are_those_of_a_plain_count(coverage):
    records, _, tables = coverage
    frame = tables["coverage_by_ethnicity_region_health"].frame
    labels = {"afam": "Black", "west": "West", "no": "Not good"}
    expected = records[(records.ethnicity == "afam") & (records.region == "west") & (records.health == "no")]
    cell = frame.set_index(["Ethnicity", "Region", "Health", "Coverage"]).sort_index().loc[tuple(labels.values())]
    assert cell.loc["Insured", "Persons"] == (expected.insurance == "yes").sum()
    assert cell.loc["All persons", "Persons"] == len(expected)
    assert cell.loc["All persons", "Percent"] == 100.0


def test_the_surveys_tables_share_the_atoms_of_their_regions(coverage):
    _, _, tables = coverage
    one, other = (made.structure for made in tables.values())
    assert one.dimensions[0].atoms == other.dimensions[1].atoms


def test_homicides_are_986_county_years_and_the_states_total_is_their_sum(homicides):
    records, snapshot, tables = homicides
    assert snapshot.rows == 986
    frame = tables["homicides_by_county_and_year"].frame
    assert len(frame) == 59 * 17
    state = frame[frame.County == "California"].set_index("Year")["Homicides"]
    expected = records.groupby(records.year.astype(str)).murders.sum()
    assert state.to_dict() == expected.to_dict()


def test_periods_add_up_to_the_years_they_are_made_of(homicides):
    records, _, tables = homicides
    frame = tables["homicides_by_county_and_period"].frame.set_index(["County", "Period"])
    alpine = records[(records.countyfips == 3) & records.year.between(1980, 1984)]
    assert frame.loc[("Alpine", "1980 to 1984"), "Homicides"] == alpine.murders.sum()
    assert frame.loc[("Alpine", "1980 to 1984"), "Person_Years"] == alpine.popul.sum()
    by_year, by_period = (made.structure for made in tables.values())
    years = by_year.dimensions[1].atoms
    assert set(by_period.dimensions[1].atoms["1980 to 1984"]) == {a for y in range(1980, 1985) for a in years[str(y)]}
