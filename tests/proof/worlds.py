"""Random worlds: sources, declarations and releases as agencies have them, of chosen kinds; small enough to be proven on.

A world is what happens (records, declarations, releases one after the other) and what everybody knows of it. Which kinds
of things may happen is chosen by name, so that a kind the product does not hold yet can be left out, and looked at alone.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.lib.declarations import SOUND
from tests.proof.outsider import PERSONS, RECORDS, Box, Common, Finest, Tie

MEASURES = ("count", "events", "distinct", "distinct-beside", "sum")
"""What is counted: one of them in a world, or several."""
BESIDE = ("sum-beside", "bounded", "parts", "flag", "flag-amount")
"""Counts beside other counts: likewise."""
RATIOS = ("percent", "rate", "mean")
SHAPES = ("filter", "filters", "omit", "raised")
TIES = ("tie-columns", "tie-pair", "tie-category", "stray")
HISTORY = (
    "grow", "revise", "recode", "respell", "rename", "rename-dimension", "add-table", "drop-table", "coverage",
    "filter-to-dimension",
)  # fmt: skip
MERGED = ("append", "delete")
PAIRS = ("pair",)
EVERY = (*MEASURES, *BESIDE, *RATIOS, *SHAPES, *TIES, *HISTORY, *MERGED, *PAIRS)

BASE: dict[str, tuple[str, ...]] = {
    "county": ("a", "b", "c", "d"),
    "sex": ("f", "m"),
    "age": ("0", "1", "2", "3", "4", "5"),
    "year": ("2019", "2020", "2021"),
}
MORE: dict[str, tuple[str, ...]] = {
    "region": ("north", "south"),
    "program": ("medicare", "plan a", "plan b"),
    "half": ("1", "2"),
    "fiscal": ("2018", "2019", "2020", "2021"),
}
INTEGERS = {"age", "year", "fiscal", "half"}
NUMBERS = ("visits", "clients", "men", "women", "people", "residents", "paid", "flag")


@dataclass(frozen=True)
class Act:
    """One refresh of one dataset. ``records``: what the source brings, in its own words · ``standing``: all records that the
    release is made of, in everybody's words."""

    dataset: str
    declaration: dict[str, Any]
    records: pd.DataFrame
    standing: pd.DataFrame
    names: Mapping[str, str] = field(default_factory=dict)
    meaning: Mapping[tuple[str, str], str] = field(default_factory=dict)
    covered: Mapping[str, frozenset] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    seed: int
    kinds: tuple[str, ...]
    """Those that took part."""
    common: Common
    acts: tuple[Act, ...]


@dataclass
class _State:
    """What a dataset is at a time, in everybody's words."""

    tables: list[dict[str, Any]]
    records: pd.DataFrame
    columns: tuple[str, ...]
    facts: dict[str, Any]
    names: dict[str, str] = field(default_factory=dict)
    """Everybody's column → the source's header."""
    spelling: dict[tuple[str, str], str] = field(default_factory=dict)
    """(everybody's column, everybody's value) → as the source spells it."""
    years: tuple[str, ...] = ()
    coverage: tuple[str, str] = ("2020-01-01", "2020-12-31")


def world(seed: int, kinds: Iterable[str]) -> World:
    """The world of a seed, made of some of these kinds of things."""
    return _Maker(random.Random(f"world {seed}"), frozenset(kinds)).made(seed)


class _Maker:
    def __init__(self, draw: random.Random, kinds: frozenset[str]):
        self.draw, self.kinds = draw, kinds
        self.used: list[str] = []

    def may(self, kind: str, chance: float) -> bool:
        """Whether something of a kind happens; it is noted when it does."""
        happens = self.draw.random() < chance and kind in self.kinds
        if happens and kind not in self.used:
            self.used.append(kind)
        return happens

    def pick(self, kinds: Iterable[str], chance: float = 1.0) -> str | None:
        some = [k for k in kinds if k in self.kinds]
        if not some or self.draw.random() >= chance:
            return None
        kind = self.draw.choice(some)
        self.used.append(kind)
        return kind

    # ------------------------------------------------------------------------------------------------------------ source

    def made(self, seed: int) -> World:
        draw = self.draw
        history = [k for k in (*HISTORY, *MERGED) if k in self.kinds]
        self.merged = self.pick(MERGED, 0.3) if history else None
        columns = draw.sample(sorted(BASE), draw.choice([2, 3, 3, 4]))
        self.over_time = bool(history) and (self.merged is not None or draw.random() < 0.6)
        if self.over_time and "year" not in columns:
            columns.append("year")
        self.theme = self.pick([*MEASURES, *BESIDE]) or "count"
        self.themes = [self.theme]
        if self.theme != "flag-amount" and draw.random() < 0.4:  # all of several, in one table or another
            more = [k for k in (*MEASURES, *BESIDE) if k in self.kinds and k not in (self.theme, "flag-amount")]
            self.themes += draw.sample(more, min(len(more), draw.choice([1, 1, 2])))
            self.used += self.themes[1:]
        self.tie_columns(columns)
        self.columns = tuple(columns)
        self.domain = {c: (BASE | MORE)[c] for c in columns} | {"flag": ("0", "1")}
        self.roaming = ()
        if self.of_events:
            fixed = {c for tie in self.ties for c in tie.columns}
            self.roaming = (
                tuple(draw.sample(sorted(set(BASE) & set(columns) - fixed - {"age"}), draw.choice([0, 1])))[:1]
                if (set(BASE) & set(columns) - fixed - {"age"})
                else ()
            )
        self.annotation = draw.choice(["separate", "combined"])
        self.below = 15 if self.may("raised", 0.2) else None
        self.total_chance = draw.choice([1.0, 0.8, 0.4])
        records = self.records()
        common = self.common()
        state = self.state(records)
        acts = self.acts(state)
        return World(seed, tuple(dict.fromkeys(self.used)), common, tuple(acts))

    @property
    def of_events(self) -> bool:
        """Whether a person may have several records."""
        return any(theme == "events" or "distinct" in theme for theme in self.themes)

    def tie_columns(self, columns: list[str]) -> None:
        """Columns that tell one another, and how."""
        self.ties: list[Tie] = []
        self.told: list[tuple[str, Callable[[dict[str, str]], str]]] = []
        draw = self.draw
        if "county" in columns and self.may("tie-columns", 0.35):
            north = set(draw.sample(BASE["county"], draw.choice([1, 2, 2])))
            columns.append("region")
            self._told("region", ("county",), lambda r: "north" if r["county"] in north else "south")
        if "age" in columns and self.may("tie-category", 0.35):
            columns.append("program")
            # who is old is in one program, and nobody else
            self._told("program", ("age",), lambda r: "medicare" if int(r["age"]) >= 4 else None)
        if "year" in columns and len(columns) < 4 and self.may("tie-pair", 0.35):
            columns += ["half", "fiscal"]
            self._told("fiscal", ("year", "half"), lambda r: str(int(r["year"]) - (r["half"] == "1")))
        if self.ties and self.may("stray", 0.4):
            self.ties = [replace(tie, strays=True) for tie in self.ties]

    def _told(self, column: str, by: tuple[str, ...], how: Callable[[dict[str, str]], str | None]) -> None:
        allowed = set()
        for values in itertools.product(*((BASE | MORE)[c] for c in by)):
            got = how(dict(zip(by, values, strict=True)))
            rest = [v for v in MORE[column] if v != "medicare"] if got is None else [got]
            allowed |= {(*values, v) for v in rest}
        self.ties.append(Tie((*by, column), frozenset(allowed)))
        self.told.append((column, how))

    def records(self) -> pd.DataFrame:
        draw = self.draw
        zeros = draw.choice([0.2, 0.5, 0.8, 0.9])
        sizes = draw.choice([[1, 2, 3], [1, 3, 6, 12], [2, 5, 9, 15, 30], [1, 40], [8, 10, 11, 14]])
        free = [c for c in self.columns if c not in {column for column, _ in self.told}]
        rows: list[dict[str, str]] = []
        for values in itertools.product(*(self.domain[c] for c in free)):
            if draw.random() < zeros:
                continue
            some = dict(zip(free, values, strict=True))
            for column, how in self.told:
                some[column] = how(some) or draw.choice(["plan a", "plan b"])
            rows += [dict(some) for _ in range(max(0, draw.choice(sizes) + draw.choice([-1, 0, 0, 1])))]
        if not rows:
            rows = [self._plain(free)]
        if any(t.strays for t in self.ties):
            for row in draw.sample(rows, min(len(rows), draw.choice([1, 1, 2]))):
                column = self.told[0][0]
                row[column] = draw.choice(MORE[column])
        return self.with_numbers(pd.DataFrame(rows, columns=list(self.columns)))

    def _plain(self, free: list[str]) -> dict[str, str]:
        some = {c: self.domain[c][0] for c in free}
        for column, how in self.told:
            some[column] = how(some) or "plan a"
        return some

    def with_numbers(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The same records with every number a measure may add up, and the person of each."""
        draw, size = self.draw, len(frame)
        crowd, paid = draw.choice([[1, 2, 5], [10, 20, 40]]), draw.choice([[0, 3, 10, 250], [1, 2]])
        share = draw.choice([0.03, 0.2, 0.5, 0.95])
        visits = [draw.choice([0, 1, 1, 2]) for _ in range(size)]
        numbers: dict[str, list[int]] = {"visits": visits, "clients": [draw.randint(0, v) for v in visits]}
        numbers["men"], numbers["women"] = ([draw.choice([0, 0, 1]) for _ in range(size)] for _ in range(2))
        numbers["people"] = [m + w for m, w in zip(numbers["men"], numbers["women"], strict=True)]
        numbers["residents"] = [draw.choice(crowd) for _ in range(size)]
        numbers["paid"] = [draw.choice(paid) for _ in range(size)]
        numbers["flag"] = [int(draw.random() < share) for _ in range(size)]
        return frame.assign(**numbers, client=self.clients(frame))

    def clients(self, frame: pd.DataFrame) -> list[int]:
        """Every record its own person, or some that differ in roaming columns alone share one."""
        draw, shared = self.draw, self.draw.choice([0.0, 0.3, 0.6])
        if not self.of_events:
            return list(range(1, len(frame) + 1))
        fixed = [c for c in self.columns if c not in self.roaming]
        known: dict[tuple[str, ...], list[int]] = {}
        out: list[int] = []
        for number, row in enumerate(frame[fixed].itertuples(index=False, name=None), 1):
            there = known.setdefault(row, [])
            person = draw.choice(there) if there and draw.random() < shared else number
            there.append(person)
            out.append(person)
        return out

    def common(self) -> Common:
        return Common(
            domain={c: self.domain[c] for c in (*self.columns, "flag")},
            flags=frozenset({"flag"}),
            ties=tuple(self.ties),
            at_least={"residents": 1},
            ordered=(("clients", "visits"),) if "bounded" in self.themes else (),
            added=(("men", "women", "people"),) if "parts" in self.themes else (),
            residents=frozenset({"residents"}),
            roaming=self.roaming,
        )

    # ------------------------------------------------------------------------------------------------------ declarations

    def state(self, records: pd.DataFrame) -> _State:
        years: tuple[str, ...] = ()
        if "year" in self.columns:
            some = self.draw.choice([1, 2]) if self.over_time else len(BASE["year"])
            years = BASE["year"][: 1 if self.merged else some]
        self.every_record = records
        self.facts: dict[str, Any] = {}
        state = _State([], self.of_years(years), self.columns, {}, years=years)
        state.coverage = self.coverage(years)
        for number in range(self.draw.choice([1, 2, 2, 2, 3])):
            state.tables.append(self.table(number, state))
        return state

    def coverage(self, years: tuple[str, ...]) -> tuple[str, str]:
        return (f"{years[0]}-01-01", f"{years[-1]}-12-31") if years else ("2020-01-01", "2020-12-31")

    def of_years(self, years: tuple[str, ...]) -> pd.DataFrame:
        records = self.every_record
        return records[records["year"].isin(years)].reset_index(drop=True) if years else records

    def table(self, number: int, state: _State) -> dict[str, Any]:
        draw, columns = self.draw, sorted(self.columns)
        most = min(len(columns), 3 if number == 0 else 2)
        used = draw.sample(columns, draw.randint(1, most))
        if number and draw.random() < 0.35:
            used = [d["column"] for d in state.tables[0]["dimensions"]]
        tied = sorted({c for tie in self.ties for c in tie.columns})
        if tied and draw.random() < 0.6:  # some of them, so that other tables may have the others
            used = [*draw.sample(tied, draw.choice([1, 1, 2])), *(c for c in used if c not in tied)][:most]
        if self.merged:
            used = [*[c for c in used if c != "year"][:2], "year"]
        total = self.total_chance
        dimensions = [self.dimension(c, total) for c in used]
        filtered = 0
        if not self.merged:
            if self.may("filter", 0.3 if number else 0.15):
                filtered = 1
            if self.may("filters", 0.2 if number else 0.1):
                filtered = 2
        conditions = [self.condition(c) for c in draw.sample(columns, min(filtered, len(columns)))]
        if not self.leaves_some(conditions, state.records):
            conditions = []
        absent = "omit" if self.merged == "delete" or self.may("omit", 0.4) else "zero"
        made = {
            "table": f"table_{number}", "title": "t", "description": "d", "dimensions": dimensions,
            "measures": self.measures(dimensions), "annotation": self.annotation, "absent_combinations": absent,
            "high_risk_populations": ["homelessness"],
        }  # fmt: skip
        if conditions:
            made["filter"] = conditions
        if self.merged:
            made["refresh"] = self.mechanism()
        return made

    def leaves_some(self, conditions: list[dict[str, Any]], records: pd.DataFrame) -> bool:
        kept = np.ones(len(records), dtype=bool)
        for c in conditions:
            values = records[c["column"]]
            if "from" in c:
                kept &= values.astype(int).between(c["from"], c["to"]).to_numpy()
            else:
                kept &= values.isin(c["in"]).to_numpy() if "in" in c else ~values.isin(c["not_in"]).to_numpy()
        return bool(kept.any())

    def mechanism(self) -> dict[str, Any]:
        rule = {"remove": {"dimension": "Year", "older_than": "2 years"}} if self.merged == "delete" else {}
        return {"mechanism": "append", "key": ["Year"], **rule}

    def dimension(self, column: str, total_chance: float) -> dict[str, Any]:
        draw, values = self.draw, list(self.domain[column])
        parts = min(draw.choice([1, 2, 2, 3, 3, len(values), len(values)]), len(values))
        groups = self.partition(
            draw.sample(values, len(values)) if column == "county" and draw.random() < 0.3 else values, parts
        )
        facts: dict[str, Any] = {
            "name": column.capitalize(), "label": column, "definition": column, "column": column,
            "scores_as": "time" if column in ("year", "fiscal", "half") else "other",
        }  # fmt: skip
        if draw.random() < total_chance:
            facts["total"] = f"All {column}"
        as_they_are = draw.random() < 0.3 or (column in ("year", "fiscal", "half") and self.over_time)
        if as_they_are:
            return facts
        if column in INTEGERS:
            facts["bins"] = [{"from": int(g[0]), "to": int(g[-1]), "label": f"{g[0]} to {g[-1]}"} for g in groups]
        else:
            facts["recode"] = {f"group {'+'.join(g)}": list(g) for g in groups}
        return facts

    def partition(self, values: list[str], parts: int) -> list[list[str]]:
        cuts = sorted(self.draw.sample(range(1, len(values)), parts - 1))
        return [list(values[i:j]) for i, j in zip([0, *cuts], [*cuts, len(values)], strict=True)]

    def condition(self, column: str) -> dict[str, Any]:
        draw, values = self.draw, self.domain[column]
        some = draw.sample(values, draw.randint(1, len(values) - 1))
        if column in INTEGERS and draw.random() < 0.7:
            return {"column": column, "from": min(map(int, some)), "to": max(map(int, some))}
        return {"column": column, draw.choice(["in", "not_in"]): sorted(some)}

    def measures(self, dimensions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        made = self.counts()
        first, draw = made[0]["name"], self.draw
        totals = [d["name"] for d in dimensions if "total" in d]
        if totals and self.may("percent", 0.3):
            within, decimals = draw.sample(totals, draw.randint(1, len(totals))), draw.choice([0, 1, 2])
            made.append(_measure("Share", "percent", numerator=first, within=within, decimals=decimals))
        if self.theme in ("count", "events") and self.may("rate", 0.3):
            made.append(_measure("Residents", "sum", column="residents", of="population"))
            decimals = draw.choice([0, 1, 3])
            made.append(_measure("Rate", "rate", numerator=first, denominator="Residents", per=1000, decimals=decimals))
        if self.theme in ("count", "events", "distinct-beside") and self.may("mean", 0.3):
            made.append(_measure("Paid", "sum", column="paid", of="amount", base=self.base(made)))
            made.append(_measure("Mean", "mean", column="paid", base=self.base(made), decimals=draw.choice([0, 2, 4])))
        if self.theme == "flag-amount":
            kinds = draw.choice([["sum"], ["mean"], ["sum", "mean"]])
            if "sum" in kinds:
                made.append(_measure("Flagged", "sum", column="flag", of="amount", base=first))
            if "mean" in kinds:
                made.append(_measure("Flag_mean", "mean", column="flag", base=first, decimals=draw.choice([1, 3])))
        return made

    def base(self, made: list[dict[str, Any]]) -> str:
        return next((m["name"] for m in made if m["kind"] == "count"), made[0]["name"])

    def counts(self) -> list[dict[str, Any]]:
        """One or more of the counts of this world's theme."""
        count = _measure("Persons", "count")
        events = _measure("Events", "count", persons="client")
        distinct = _measure("Clients", "count_distinct", column="client")
        visits = _measure("Visits", "sum", column="visits", of="events")
        people = [_measure(c.capitalize(), "sum", column=c, of="persons") for c in ("men", "women", "people")]
        flag = _measure("Flagged", "sum", column="flag", of="persons")
        every: dict[str, list[dict[str, Any]]] = {
            "count": [count], "events": [events], "distinct": [distinct], "distinct-beside": [distinct, events],
            "sum": [visits], "sum-beside": [count, visits], "flag": [count, flag], "flag-amount": [count],
            "bounded": [visits, _measure("Served", "sum", column="clients", of="persons")], "parts": people,
        }  # fmt: skip
        some = list({m["name"]: m for theme in self.themes for m in every[theme]}.values())
        return some if self.draw.random() < 0.6 else self.draw.sample(some, self.draw.randint(1, len(some)))

    def declaration(self, dataset: str, state: _State) -> dict[str, Any]:
        made: dict[str, Any] = yaml.safe_load(SOUND)
        columns = [
            {"name": state.names.get(c, c), "type": "integer" if c in (*INTEGERS, *NUMBERS, "client") else "text"}
            for c in (*self.columns, *NUMBERS, "client")
        ]
        facts = {"label": "l", "definition": "d", "privacy": "indirect_identifier"}
        record = "event" if self.of_events else "person"
        made["dataset"] = dataset
        made["quality"] = {"suite": f"{dataset}__source"}
        made["source"] = {
            "location": "SOURCE", "record": "aggregate" if set(self.themes) <= {"bounded", "parts"} else record,
            **({"records_per_person": "several"} if self.of_events else {}),
            "columns": [c | facts for c in columns],
        }  # fmt: skip
        made["coverage"] |= {"start": state.coverage[0], "end": state.coverage[1]}
        made["seed"] = 7
        if self.below:
            made["small_cells_below"] = self.below
        made["tables"] = [self.in_source_words(t, state) for t in state.tables]
        return made

    def in_source_words(self, table: dict[str, Any], state: _State) -> dict[str, Any]:
        """A table with the source's headers and spellings."""

        def spelled(column: str, values: Iterable[str]) -> list[str]:
            return [state.spelling.get((column, v), v) for v in values]

        dimensions = []
        for d in table["dimensions"]:
            d = {**d, "column": state.names.get(d["column"], d["column"])} | (
                {"recode": {k: spelled(d["column"], v) for k, v in d["recode"].items()}} if "recode" in d else {}
            )
            dimensions.append(d)
        conditions = []
        for c in table.get("filter", ()):
            listed = {k: spelled(c["column"], c[k]) for k in ("in", "not_in") if k in c}
            conditions.append({**c, **listed, "column": state.names.get(c["column"], c["column"])})
        return {**table, "dimensions": dimensions, **({"filter": conditions} if conditions else {})}

    # ----------------------------------------------------------------------------------------------------------- releases

    def act(self, dataset: str, state: _State, extract: pd.DataFrame | None = None) -> Act:
        standing = state.records
        records = (standing if extract is None else extract).copy()
        for (column, value), text in state.spelling.items():
            records[column] = records[column].replace({value: text})
        return Act(
            dataset,
            self.declaration(dataset, state),
            records.rename(columns=state.names),
            standing,
            names={source: column for column, source in state.names.items()},
            meaning={(column, text): value for (column, value), text in state.spelling.items()},
            covered={"year": frozenset(state.years)} if state.years else {},
        )

    def acts(self, state: _State) -> list[Act]:
        acts = [self.act("demo", state)]
        if self.may("pair", 0.5):
            other = replace(state, tables=[self.table(n, state) for n in range(self.draw.choice([1, 2]))])
            acts.append(self.act("other", other))
        if self.merged:
            return [*acts, *self.appended(state)]
        changes = [k for k in HISTORY if k in self.kinds]
        some = [0, 0, 1] if len(acts) > 1 else [1, 1, 2, 3]
        for _ in range(self.draw.choice(some) if changes else 0):
            state = replace(
                state, tables=[dict(t) for t in state.tables], names=dict(state.names), spelling=dict(state.spelling)
            )
            for change in self.draw.sample(changes, min(len(changes), self.draw.choice([1, 1, 2]))):
                if getattr(self, "change_" + change.replace("-", "_"))(state) is not False:
                    self.used.append(change)
            acts.append(self.act("demo", state))
        return acts

    def appended(self, state: _State) -> list[Act]:
        acts = []
        for year in BASE["year"][1 : self.draw.choice([2, 3])]:
            years = (*state.years, year)[-2 if self.merged == "delete" else 0 :]
            state = replace(state, years=years, records=self.of_years(years), coverage=self.coverage(years))
            if len(self.of_years((year,))) == 0:
                break
            acts.append(self.act("demo", state, self.of_years((year,))))
        return acts

    def change_grow(self, state: _State) -> bool:
        if not state.years or len(state.years) == 3:
            return False
        state.years = BASE["year"][: len(state.years) + 1]
        state.records = pd.concat([state.records, self.of_years(state.years[-1:])], ignore_index=True)
        state.coverage = self.coverage(state.years)
        return True

    def change_revise(self, state: _State) -> None:
        draw, records = self.draw, state.records
        gone = draw.sample(range(len(records)), min(len(records) - 1, draw.choice([0, 1, 2])))
        more = records.sample(draw.choice([1, 2, 3]), replace=True, random_state=draw.randrange(10**6))
        more = more.assign(client=[10**6 + draw.randrange(10**6) for _ in range(len(more))])
        state.records = pd.concat([records.drop(index=gone), more], ignore_index=True)

    def change_recode(self, state: _State) -> None:
        table = self.draw.choice(state.tables)
        at = self.draw.randrange(len(table["dimensions"]))
        new = self.dimension(table["dimensions"][at]["column"], self.total_chance)
        if "total" in table["dimensions"][at]:
            new["total"] = table["dimensions"][at]["total"]
        else:
            new.pop("total", None)
        new["name"] = table["dimensions"][at]["name"]
        table["dimensions"] = [*table["dimensions"][:at], new, *table["dimensions"][at + 1 :]]

    def change_respell(self, state: _State) -> bool:
        columns = [c for c in self.columns if c not in INTEGERS]
        if not columns:
            return False
        column = self.draw.choice(columns)
        value = self.draw.choice(self.domain[column])
        state.spelling[column, value] = f"{state.spelling.get((column, value), value)}x"
        return True

    def change_rename(self, state: _State) -> None:
        column = self.draw.choice(self.columns)
        state.names[column] = f"{state.names.get(column, column)}_new"

    def change_rename_dimension(self, state: _State) -> None:
        table = self.draw.choice(state.tables)
        at = self.draw.randrange(len(table["dimensions"]))
        old = table["dimensions"][at]
        new = {**old, "name": f"{old['name']}_new"}
        table["dimensions"] = [*table["dimensions"][:at], new, *table["dimensions"][at + 1 :]]
        table["measures"] = [
            {**m, "within": [new["name"] if w == old["name"] else w for w in m["within"]]} if "within" in m else m
            for m in table["measures"]
        ]

    def change_add_table(self, state: _State) -> None:
        number = 1 + max(int(t["table"].rsplit("_", 1)[1]) for t in state.tables)
        state.tables.append(self.table(number, state))

    def change_drop_table(self, state: _State) -> bool:
        if len(state.tables) < 2:
            return False
        state.tables.pop(self.draw.randrange(len(state.tables)))
        return True

    def change_coverage(self, state: _State) -> None:
        start, end = state.coverage
        state.coverage = (start, end[:5] + self.draw.choice(["11-30", "12-30", "06-30"]))

    def change_filter_to_dimension(self, state: _State) -> bool:
        """A column that was filtered by becomes a dimension."""
        tables = [t for t in state.tables if t.get("filter")]
        if not tables:
            return False
        table = self.draw.choice(tables)
        column = table["filter"][0]["column"]
        rest = [c for c in table["filter"] if c["column"] != column]
        table.pop("filter")
        if rest:
            table["filter"] = rest
        if all(d["column"] != column for d in table["dimensions"]):
            table["dimensions"] = [*table["dimensions"], self.dimension(column, 1.0)]
        return True


def _measure(name: str, kind: str, **facts: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "definition": name, "kind": kind, **facts}


# ----------------------------------------------------------------------------------------------------------------- truth


def unknowns(finest: Finest, records: pd.DataFrame) -> np.ndarray:
    """The outsider's unknowns as they truly are."""
    atoms = (
        list(zip(*([finest.classes[c][str(v)] for v in records[c]] for c in finest.columns), strict=True))
        if finest.columns
        else [()] * len(records)
    )
    numbers = [finest.number[atom] for atom in atoms]
    out = np.zeros(finest.size)
    np.add.at(out, numbers, 1)
    for column in finest.sums:
        np.add.at(out, finest.blocks[f"sum:{column}"] + np.array(numbers), records[column].to_numpy())
    if PERSONS in finest.blocks:
        of_person: dict[int, set[int]] = {}
        for client, number in zip(records["client"], numbers, strict=True):
            of_person.setdefault(int(client), set()).add(number)
        where = {some: k for k, (_, some) in enumerate(finest.types)}
        for there in of_person.values():
            out[finest.blocks[PERSONS] + where[tuple(sorted(there))]] += 1
    return out


def persons_in(records: pd.DataFrame, box: Box) -> int:
    """How many different persons have a record there."""
    kept = np.ones(len(records), dtype=bool)
    for column, values in box:
        kept &= records[column].astype(str).isin(values).to_numpy()
    return int(records.loc[kept, "client"].nunique())


__all__ = ["EVERY", "RECORDS", "Act", "World", "persons_in", "unknowns", "world"]
