"""Small datasets published release after release by the real protection, from records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from include.opendata.disclosure.history.published import PublishedRelease
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.disclosure.release_attack import upcoming_release
from include.opendata.tables import atoms, tabulate
from tests.lib.small_tables import dataset, warehouse_of

YEAR = ("2020-01-01", "2020-12-31")


def release(
    folder: Path,
    columns: Mapping[str, Any],
    tables: Sequence[dict[str, Any]],
    counts: Mapping[tuple[Any, ...], int],
    earlier: Sequence[PublishedRelease] = (),
    coverage: tuple[str, str] = YEAR,
) -> PublishedRelease:
    """What is published of so many records with these values, after ``earlier``. Raises what protection raises."""
    declared = dataset(dict(columns), *(table | {"annotation": "combined"} for table in tables))
    start, end = map(dt.date.fromisoformat, coverage)
    covered = declared.coverage.model_copy(update={"start": start, "end": end})
    declared = declared.model_copy(update={"coverage": covered, "survey": False})
    records = pd.DataFrame([values for values, count in counts.items() for _ in range(count)], columns=list(columns))
    with warehouse_of(records, folder) as warehouse:
        numbered = atoms(declared, warehouse)
        tabulated = [tabulate(declared, table.table, warehouse, atoms=numbered) for table in declared.tables]
    made = protect_and_attack(declared, tabulated, masked=True, earlier=earlier)
    return PublishedRelease(f"r{len(earlier) + 1}", upcoming_release(made.tables, made.extents).tables)


def hidden(published: PublishedRelease, table: int = 0, measure: str = "Persons") -> set[tuple[str, ...]]:
    """The labels of every row that is blank."""
    frame = published.tables[table].frame
    names = [d.name for d in published.tables[table].structure.dimensions]
    return set(frame.loc[frame[measure].isna(), names].itertuples(index=False, name=None))
