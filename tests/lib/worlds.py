"""Random small datasets, declared as a steward would: a few linked tables over the same records."""

from __future__ import annotations

import itertools
import random
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.formats.csv_files import write_table_csv
from include.opendata.tables import atoms, tabulate
from include.opendata.vocabulary import DataTable
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of
from tests.lib.stranger import Axis, Paper

COLUMNS = {"county": ["a", "b", "c", "d"], "sex": ["f", "m"], "age": list(range(6)), "year": [2019, 2020, 2021]}
TYPES = {"county": "text", "sex": "text", "age": "integer", "year": "integer"}


def partition(draw: random.Random, values: list, parts: int) -> list[list]:
    """``values`` in order, cut into ``parts`` runs."""
    cuts = sorted(draw.sample(range(1, len(values)), parts - 1))
    return [values[i:j] for i, j in zip([0, *cuts], [*cuts, len(values)], strict=True)]


def random_dimension(draw: random.Random, column: str, number: int, total_chance: float) -> tuple[dict, Axis]:
    values = COLUMNS[column]
    parts = draw.choice([1, 2, 2, 3, len(values)])
    parts = min(parts, len(values))
    groups = partition(draw, values, parts)
    if column == "county" and draw.random() < 0.3:
        shuffled = draw.sample(values, len(values))
        groups = partition(draw, shuffled, parts)
    name = column.capitalize()
    total = f"All {column}" if draw.random() < total_chance else None
    facts: dict[str, Any] = {"total": total}
    if column in ("age", "year"):
        labels = {f"{g[0]} to {g[-1]}": g for g in groups}
        facts["bins"] = [{"from": g[0], "to": g[-1], "label": label} for label, g in labels.items()]
    else:
        labels = {f"group {'+'.join(g)}": g for g in groups}
        facts["recode"] = labels
    if column == "year":
        facts["scores_as"] = "time"
    axis = Axis(name, column, {label: frozenset(g) for label, g in labels.items()}, total)
    return dimension(name, column, **facts), axis


def random_filter(draw: random.Random, columns: list[str]) -> tuple[list[dict], dict[str, frozenset]]:
    conditions, kept = [], {}
    for column in columns:
        values = COLUMNS[column]
        some = draw.sample(values, draw.randint(1, len(values) - 1))
        if column in ("age", "year"):
            low, high = min(some), max(some)
            conditions.append({"column": column, "from": low, "to": high})
            kept[column] = frozenset(v for v in values if low <= v <= high)
        elif draw.random() < 0.5:
            conditions.append({"column": column, "in": some})
            kept[column] = frozenset(some)
        else:
            conditions.append({"column": column, "not_in": some})
            kept[column] = frozenset(values) - frozenset(some)
    return conditions, kept


def random_ratios(draw: random.Random, made: list[Axis], kind: str) -> tuple[list[dict], dict[str, Any]]:
    """Percentages, rates and means beside the count ``Persons``, and what the dictionary says of them."""
    measures: list[dict] = []
    told: dict[str, Any] = {}
    totals = [axis.name for axis in made if axis.total is not None]
    if totals and draw.random() < 0.8:
        within, decimals = draw.sample(totals, draw.randint(1, len(totals))), draw.choice([0, 1, 1, 2])
        measures.append(measure("Share", "percent", numerator="Persons", within=within, decimals=decimals))
        told["percents"] = (("Share", tuple(within), decimals),)
    if kind != "sum" and draw.random() < 0.6:
        decimals = draw.choice([0, 1, 3])
        measures.append(measure("Residents", "sum", column="residents", of="population"))
        measures.append(
            measure("Rate", "rate", numerator="Persons", denominator="Residents", per=1000, decimals=decimals)
        )
        told["rates"] = (("Rate", "Residents", 1000, decimals),)
    if draw.random() < 0.6:
        decimals = draw.choice([0, 2, 4])
        measures.append(measure("Paid", "sum", column="paid", of="amount", base="Persons"))
        measures.append(measure("Mean", "mean", column="paid", base="Persons", decimals=decimals))
        told["means"] = (("Mean", "Paid", decimals),)
    return measures, told


def with_money(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The same records with what was paid, and how many residents each stands for."""
    draw = random.Random(seed)
    crowded = draw.choice([[1, 1, 2, 5], [10, 20, 40], [10, 20, 40]])
    facts = [(draw.choice(crowded), draw.choice([0, 3, 10, 250])) for _ in range(len(frame))]
    return frame.assign(residents=[r for r, _ in facts], paid=[p for _, p in facts])


def world(seed: int, **fixed: Any) -> tuple[Dataset, pd.DataFrame, list[dict]]:
    """A dataset, its records, and per table what the dictionary says of it. ``ratios=True``: with percentages, rates and
    means beside the counts, of a survey or of a full count."""
    draw = random.Random(seed)
    aside = random.Random(seed + 1) if fixed.get("ratios") else None
    measure_kind = fixed.get("kind") or draw.choice(["count", "count", "count", "count_distinct", "persons", "sum"])
    annotation = draw.choice(["separate", "combined"])
    below = draw.choice([None, None, None, 15])
    total_chance = draw.choice([1.0, 0.8, 0.4])
    tables, told = [], []
    for number in range(draw.choice([1, 2, 2, 2, 3])):
        used = draw.sample(sorted(COLUMNS), draw.choice([1, 2, 2, 3]) if number == 0 else draw.choice([1, 1, 2]))
        if number and draw.random() < 0.4:  # the same columns again, otherwise cut
            used = [d["column"] for d in tables[0]["dimensions"]]
        made = [random_dimension(draw, c, number, total_chance) for c in used]
        filtered = draw.sample(sorted(COLUMNS), draw.choice([0, 0, 0, 0, 1, 1, 2] if number else [0, 0, 0, 1]))
        conditions, kept = random_filter(draw, filtered)
        name = f"table_{number}"
        if measure_kind == "count":
            measures = [measure("Persons")]
        elif measure_kind == "persons":
            measures = [measure("Persons", persons="client")]
        elif measure_kind == "sum":
            measures = [measure("Persons", "sum", column="visits", of="events")]
        else:
            measures = [measure("Persons", "count_distinct", column="client")]
        more, ratios = random_ratios(aside, [a for _, a in made], measure_kind) if aside else ([], {})
        measures += more
        tables.append(
            table(
                [d for d, _ in made],
                measures,
                name,
                filter=conditions,
                annotation=annotation,
                absent_combinations=draw.choice(["zero", "omit"]),
            )
        )
        told.append({"axes": tuple(a for _, a in made), "kept": kept, "separate": annotation == "separate", **ratios})
    columns = {**TYPES, "client": "integer", "visits": "integer"}
    columns |= {"residents": "integer", "paid": "integer"} if aside else {}
    declared = dataset(columns, *tables, record="event" if measure_kind == "persons" else "person")
    declared = declared.model_copy(update={"seed": seed, "small_cells_below": below})
    frame = records(draw, fixed.get("clients") or draw.choice(["own", "own", "shared"]))
    if aside:
        declared = declared if aside.random() < 0.5 else declared.model_copy(update={"survey": None})
        frame = with_money(frame, seed)
    return declared, frame, told


def records(draw: random.Random, clients: str) -> pd.DataFrame:
    rows = []
    zeros = draw.choice([0.2, 0.5, 0.8, 0.9, 0.95])
    sizes = draw.choice([[1, 2, 3], [1, 3, 6, 12], [2, 5, 9, 15, 30], [1, 40], [8, 10, 11, 14]])
    client = 0
    for combination in itertools.product(*(COLUMNS[c] for c in COLUMNS)):
        if draw.random() < zeros:
            continue
        for _ in range(max(0, draw.choice(sizes) + draw.choice([-1, 0, 0, 1]))):
            if clients == "own" or draw.random() < 0.7:
                client += 1
            rows.append((*combination, client, draw.choice([0, 1, 1, 2])))
    if not rows:
        rows.append((*(COLUMNS[c][0] for c in COLUMNS), 1, 1))
    return pd.DataFrame(rows, columns=[*COLUMNS, "client", "visits"])


def tabulated(declared: Dataset, frame: pd.DataFrame) -> list[DataTable]:
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        known = atoms(declared, warehouse)
        return [tabulate(declared, t.table, warehouse, atoms=known) for t in declared.tables]


def papers(protection, told: list[dict], declared: Dataset) -> list[Paper]:
    """The files as they would be published, and what the dictionary says of them."""
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for protected, facts in zip(protection.tables, told, strict=True):
            path = Path(folder) / "t.csv"
            write_table_csv(path, protected, dataset="demo")
            measure = protected.structure.measures[0]
            made.append(
                Paper(
                    text=path.read_text(),
                    measure=measure.name,
                    additive=measure.additive,
                    persons=measure.persons,
                    **facts,
                )
            )
    return made
