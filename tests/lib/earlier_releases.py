"""Releases of a small dataset, made by hand: what was published, and what the next release would publish.

The declaration is of visits by clinic and period. Records are (clinic, day); a release is what the declared tables make of
them, with the blanks one asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.history.extents import table_extents
from include.opendata.disclosure.history.published import PublishedLimits, PublishedRelease, PublishedTable
from include.opendata.vocabulary import DataTable, Structure, TableDimension, TableMeasure

TABLE = "visits_by_clinic_and_period"


def declared(
    *,
    clinics: Mapping[str, Sequence[str]] | None = None,
    bins: Sequence[tuple[int, int]] | None = None,
    coverage: tuple[str, str] = ("2015-01-01", "2030-12-31"),
    total: str | None = "All clinics",
    annotation: str = "combined",
) -> Dataset:
    """``clinics``: label → values, each by itself when left out · ``bins``: of the years; single years when left out."""
    person = {"name": "A", "email": "a@example.org"}
    clinic: dict = {"name": "Clinic", "label": "Clinic", "definition": "Clinic.", "column": "clinic"}
    clinic |= {"scores_as": {"variable": "other", "groups": "all"}, "total": total}
    if clinics is not None:
        clinic["recode"] = {label: list(values) for label, values in clinics.items()}
    year: dict = {"name": "Year", "label": "Year", "definition": "Year.", "column": "year", "scores_as": "time"}
    if bins is not None:
        year["bins"] = [{"from": a, "to": b, "label": f"{a}–{b}"} for a, b in bins]
    return Dataset.model_validate(
        {
            "dataset": "clinic_visits",
            "title": "T",
            "description": "D",
            "department": "Department of Health Care Services",
            "program": "P",
            "program_web_page": "https://example.org/",
            "steward": person,
            "contact": person,
            "topic": "Health Care",
            "tags": ["a"],
            "frequency": "annually",
            "coverage": {
                "start": coverage[0],
                "end": coverage[1],
                "geography": "California",
                "granularity": "statewide",
            },
            "source_link": "https://example.org/",
            "limitations": "None.",
            "statutes": ["S"],
            "source": {
                "location": "x.csv",
                "record": "person",
                "key": ["id"],
                "columns": [
                    {"name": "id", "type": "integer", "label": "I", "definition": "I", "privacy": "public"},
                    {"name": "clinic", "type": "text", "label": "C", "definition": "C", "privacy": "public"},
                    {"name": "year", "type": "integer", "label": "Y", "definition": "Y", "privacy": "public"},
                ],
            },
            "quality": {"suite": "clinic_visits__source"},
            "permission": {
                "individual_records": False,
                "prohibited_by_law": False,
                "originates_solely_in_program": True,
                "sensitivities": [],
                "mandate": True,
            },
            "tables": [
                {
                    "table": TABLE,
                    "title": "T",
                    "description": "D",
                    "annotation": annotation,
                    "high_risk_populations": ["homelessness"],
                    "dimensions": [clinic, year],
                    "measures": [{"name": "Persons", "kind": "count", "label": "P", "definition": "P"}],
                }
            ],
        }
    )


def true_table(dataset: Dataset, counts: Mapping[tuple[str, str], int]) -> DataTable:
    """The table with its true figures from counts per (clinic label, period label), totals of clinics added."""
    clinics = tuple(dict.fromkeys(clinic for clinic, _ in counts))
    years = tuple(dict.fromkeys(year for _, year in counts))
    total = dataset.tables[0].dimensions[0].total
    rows = [(c, y, counts[c, y]) for c in clinics for y in years]
    if total is not None:
        rows += [(total, y, sum(counts[c, y] for c in clinics)) for y in years]
    frame = pd.DataFrame(
        {
            "Clinic": pd.array([r[0] for r in rows], dtype="string"),
            "Year": pd.array([r[1] for r in rows], dtype="string"),
            "Persons": pd.array([r[2] for r in rows], dtype="Int64"),
        }
    )
    every = tuple(range(len(clinics)))
    atoms = {label: (i,) for i, label in enumerate(clinics)} | {"": every} | ({total: every} if total else {})
    in_time = {label: (i,) for i, label in enumerate(years)} | {"": tuple(range(len(years)))}
    return DataTable(
        Structure(
            TABLE,
            (
                TableDimension("Clinic", "clinic", clinics, total, atoms=atoms),
                TableDimension("Year", "year", years, None, atoms=in_time),
            ),
            (TableMeasure("Persons", "count", "count:records", True),),
        ),
        frame,
    )


def published(
    name: str,
    dataset: Dataset,
    counts: Mapping[tuple[str, str], int],
    blank: Sequence[tuple[str, str]] = (),
) -> PublishedRelease:
    """The release as the public saw it, ``blank`` cells left out."""
    table = true_table(dataset, counts)
    annotation = dataset.tables[0].annotation
    lines = ["Clinic,Year,Persons,Persons_annotation"]
    for clinic, year, value in table.frame.itertuples(index=False, name=None):
        code = "1" if annotation == "combined" or value < 11 else "2"
        lines.append(f"{clinic},{year},,{code}" if (clinic, year) in blank else f"{clinic},{year},{value},")
    extents = table_extents(dataset, [table.structure])[TABLE]
    limits = PublishedLimits.of_today(dataset.small_cell_rule.below)
    made = PublishedTable.about_to_be(table.structure, extents, annotation, table.frame, limits)
    return PublishedRelease(
        name, (PublishedTable(made.structure, extents, annotation, "\n".join(lines) + "\n", limits),)
    )
