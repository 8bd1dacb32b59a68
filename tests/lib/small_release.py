"""Release inputs built by hand: two small protected tables of the shipped datasets, no other room needed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.release import Provenance, ReleaseInputs, SourceFacts
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure

YEARS = ("1980", "1981", "1982", "1983", "1984")
COUNTIES = (("Alameda", "001"), ("Alpine", "003"), ("Los Angeles", "037"))


def homicides(mode: str = "combined") -> ProtectedTable:
    """County × year with small, complementary and zero cells; the numbers are made up."""
    structure = Structure(
        table="homicides_by_county_and_year",
        dimensions=(
            TableDimension(
                name="County",
                column="countyfips",
                labels=tuple(name for name, _code in COUNTIES),
                total="California",
                codes=tuple(code for _name, code in COUNTIES),
                code_column="County_FIPS",
            ),
            TableDimension(name="Year", column="year", labels=YEARS, total=None),
        ),
        measures=(
            TableMeasure("Homicides", "count", "sum:murders", True),
            TableMeasure("Population", "population", "sum:popul", True),
            TableMeasure(
                "Rate_per_100000", "rate", "rate:murders", False, "Homicides", "Population", per=100000, decimals=1
            ),
        ),
    )
    counts: dict[str, list[int | None]] = {
        "Alameda": [121, 134, None, 118, 127],
        "Alpine": [0, None, None, 0, 0],
        "Los Angeles": [1730, 1593, 1415, 1350, 1302],
        "California": [1851, 1728, 1530, 1468, 1429],
    }
    people = {"Alameda": 1105379, "Alpine": 1097, "Los Angeles": 7477238, "California": 8583714}
    codes = dict(COUNTIES)
    rows: list[dict[str, Any]] = []
    for county in ("Alameda", "Alpine", "Los Angeles", "California"):
        for year, count in zip(YEARS, counts[county], strict=True):
            code = "" if count is not None else "2" if county == "Alameda" and mode == "separate" else "1"
            rows.append(
                {
                    "County": county,
                    "County_FIPS": codes.get(county),
                    "Year": year,
                    "Homicides": count,
                    "Homicides_annotation": code,
                    "Population": people[county],
                    "Rate_per_100000": None if count is None else round(count * 100000 / people[county], 1),
                    "Rate_per_100000_annotation": code,
                }
            )
    return ProtectedTable(structure, mode, typed(rows, structure), True, 2, 1, 0, 20, 11)  # type: ignore[arg-type]


def typed(rows: list[dict[str, Any]], structure: Structure) -> pd.DataFrame:
    """The rows as the frame of a protected table: nullable numbers, text."""
    frame = pd.DataFrame(rows, columns=structure.published_columns())
    measures = {measure.name: measure for measure in structure.measures}
    for name in frame.columns:
        kind = "string" if name not in measures else "Float64" if measures[name].decimals else "Int64"
        frame[name] = frame[name].astype(kind)
    return frame


def homicides_dataset() -> Dataset:
    """The shipped declaration with the first of its tables alone, as CSV alone."""
    dataset = load("homicides_by_county")
    return dataset.model_copy(update={"tables": [dataset.tables[0].model_copy(update={"formats": ["csv"]})]})


def assessment(
    table: str, *, high_risk: tuple[str, ...] = ("victims_of_crime_or_abuse",), total: int = 7
) -> dict[str, Any]:
    """An assessment as the gate writes it, in JSON."""
    section = "DDG 2.0 §4.3.1"
    return {
        "version": 1,
        "table": table,
        "path": [
            {
                "step": 1,
                "question": "Does the table show personal characteristics, direct or indirect, that are not expressly "
                "allowed to be public?",
                "answer": "yes",
                "sentence": "It describes people.",
                "section": "DDG 2.0 §4, step 1",
            },
            {
                "step": 2,
                "question": "Is any count derived from 1 to 10 individuals, or any denominator under 20,000?",
                "answer": "yes",
                "sentence": "2 of 20 counts are from 1 to 10; 5 of 20 denominators are under 20,000.",
                "section": "DDG 2.0 §4, step 2",
            },
            {
                "step": 3,
                "question": "What is the publication score?",
                "answer": str(total),
                "sentence": f"A score of {total} needs no masking; the limit is 12.",
                "section": "DDG 2.0 §4, step 3; §4.3.1",
            },
            {
                "step": 4,
                "question": "Are small counts masked?",
                "answer": "yes",
                "sentence": "Counts from 1 to 10 are hidden, with whatever would reveal them: it describes a high-risk "
                "population.",
                "section": "DDG 2.0 §4.4",
            },
            {
                "step": 5,
                "question": "Has legal counsel reviewed the release?",
                "answer": "yes",
                "sentence": "The review by legal counsel is on file.",
                "section": "DDG 2.0 §4, step 5",
            },
            {
                "step": 6,
                "question": "Is the departmental release procedure complete?",
                "answer": "yes",
                "sentence": "All approvals for level 1 are on file.",
                "section": "DDG 2.0 §4, step 6; Handbook, Governance",
            },
        ],
        "permission": {
            "level": 1,
            "decided_by": "5",
            "path": [
                {
                    "question": "1",
                    "asked": "Does the table hold information about individuals, record by record?",
                    "answer": "no",
                    "sentence": "It is aggregated, or not about persons.",
                    "note": "The tables hold counts by county.",
                },
                {
                    "question": "5",
                    "asked": "Is it already available to the public?",
                    "answer": "yes",
                    "sentence": "It is already available to the public.",
                    "note": "",
                },
            ],
            "required_roles": ["data_steward", "deputy_director", "legal_counsel", "department_director"],
            "open_question": None,
            "sentence": "Level 1. It is already available to the public.",
            "section": "Handbook, Governance",
        },
        "missing_approvals": [],
        "condition": {
            "met": True,
            "cells": 20,
            "small_cells": 2,
            "smallest_count_band": "under 11",
            "denominators_known": True,
            "denominators": 20,
            "small_denominators": 5,
            "smallest_denominator_band": "under 4,001",
            "section": "DDG 2.0 §4, step 2",
        },
        "score": {
            "total": total,
            "masking_required": total > 12,
            "safe_harbor": False,
            "components": [
                {
                    "variable": "events",
                    "score": 7,
                    "band": "under 11",
                    "reason": "The smallest non-zero count in the table is under 11.",
                    "section": section,
                },
                {
                    "variable": "time",
                    "score": 0,
                    "band": "one year",
                    "reason": "The shortest period is one year.",
                    "section": section,
                },
                {
                    "variable": "residence_geography",
                    "score": total - 7,
                    "band": "4,000 or fewer",
                    "reason": "The smallest area has 4,000 people or fewer.",
                    "section": section,
                },
            ],
        },
        "independent_scores": [],
        "high_risk": list(high_risk),
        "masking_required": True,
        "unstable_cells": 0,
        "reasons": [
            {
                "slug": "high-risk-population",
                "severity": "mask",
                "sentence": "It describes victims of crime or abuse: counts from 1 to 10 are hidden whatever the score.",
                "section": "DDG 2.0 §5.6.2",
            }
        ],
        "mitigations": [],
        "conclusion": "This table may be published at level 1: 2 counts from 1 to 10 must be hidden, with everything that "
        "would reveal them.",
    }


def report(suite: str) -> dict[str, Any]:
    """A quality report with two expectations, both met."""
    expectations = [
        {"type": "a", "columns": ["County"], "sentence": "Every row has a county.", "success": True},
        {"type": "b", "columns": [], "sentence": "The columns are those declared, in order.", "success": True},
    ]
    return {"suite": suite, "declared": 2, "evaluated": 2, "successful": 2, "expectations": expectations}


PROVENANCE = Provenance("scheduled__2026-02-14", "2026-02-14T06:00:00+00:00", "0.1.0+abc1234", "d" * 64, None)


def inputs(
    *,
    dataset: Dataset | None = None,
    protected: tuple[ProtectedTable, ...] | None = None,
    release_id: str = "2026-02-14-0a1b2c3d",
    provenance: Provenance = PROVENANCE,
    **changes: Any,
) -> ReleaseInputs:
    """Inputs for a release of the homicides table; ``changes`` replace whole fields."""
    protected = (homicides(),) if protected is None else protected
    names = [table.structure.table for table in protected]
    fields: dict[str, Any] = {
        "dataset": dataset or homicides_dataset(),
        "release_id": release_id,
        "source": SourceFacts("a" * 64, 31_000, 986, (("countyfips", "integer"), ("year", "integer"))),
        "protected": protected,
        "assessments": {name: assessment(name) for name in names},
        "quality": {"source": report("source"), "publishable": {name: report("publishable") for name in names}},
        "protection": {
            table.structure.table: {
                "seed": 20250303,
                "attack": {
                    "cells": 20,
                    "blanks": 3,
                    "safe_with_witness": 3,
                    "safe_by_lp": 0,
                    "recoverable": 0,
                    "undecided": 0,
                },
            }
            for table in protected
        },
        "provenance": provenance,
    }
    return ReleaseInputs(**{**fields, **changes})
