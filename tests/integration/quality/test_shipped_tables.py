"""The shipped datasets' tables, made and protected by the rooms that do so, meet their publishable suites."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.opendata.declaration.light import declared_ids
from include.opendata.declaration.load import load
from include.opendata.disclosure.protect.tables import Policy, protect_tables
from include.opendata.errors import Refused
from include.opendata.quality import check_publishable
from include.opendata.rules.release import thresholds
from include.opendata.tables import tabulate


@pytest.fixture
def protected(sources, warehouse_of):
    """A function: dataset → its declaration and its tables, masked."""

    def make(name: str):
        declared = load(name)
        with warehouse_of(sources[name]) as warehouse:
            tables = [tabulate(declared, table.table, warehouse) for table in declared.tables]
        rules = thresholds()
        policy = Policy(
            annotation=declared.tables[0].annotation,
            rule=rules.small_cell,
            seed=declared.seed,
            unstable_below=rules.survey.sample_cases_below if declared.survey else None,
        )
        return declared, tables, protect_tables(tables, policy, masked=True, dataset=name)[0]

    return make


@pytest.mark.parametrize("name", declared_ids())
def test_protected_tables_meet_their_suites_and_unprotected_ones_do_not(name, protected, tmp_path):
    declared, tables, published = protected(name)
    for true, table in zip(tables, published, strict=True):
        assert table.small > 0
        report = check_publishable(declared, table, tmp_path)
        assert report.passed
        assert report.successful == report.declared
        shown = table.frame.copy()
        for measure in table.structure.measures:
            if measure.role == "count":
                shown[measure.name] = true.frame[measure.name]
                shown[f"{measure.name}_annotation"] = ""
        with pytest.raises(Refused) as caught:
            check_publishable(declared, replace(table, frame=shown), tmp_path)
        assert any("no count from 1 to 10 is shown" in line for line in caught.value.details)
