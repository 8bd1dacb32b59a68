"""Large systems go to the engine for cubes, small ones never pay for it, and what neither can take is refused."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from include.opendata.disclosure.attack import attack, verify_witnesses
from include.opendata.disclosure.attack.published import published_views
from include.opendata.disclosure.protect import CellSystem, Equation, engine, primary
from include.opendata.disclosure.protect.engine import LARGE_FROM, Engine
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.tables import linked, protect_tables
from include.opendata.errors import Refused
from include.opendata.vocabulary import DataTable
from tests.lib.cubes import table
from tests.lib.random_cubes import synthetic
from tests.lib.rules import RULE

COLUMNS = ("county", "age", "sex", "race")


def categories(column: str, count: int) -> dict[str, tuple[int, ...]]:
    return {f"{column} {i}": (i,) for i in range(count)}


def one_table(shape, base=2.5, seed=0, **more):
    columns = COLUMNS[: len(shape)]
    counts = synthetic(shape, base, seed)
    return table("t", counts, columns, {c: categories(c, n) for c, n in zip(columns, shape, strict=True)}, **more)


@pytest.fixture
def low_border(monkeypatch):
    """Small tables for large ones: what is decided is the same, and it is quick."""
    monkeypatch.setattr(engine, "LARGE_FROM", 300)
    monkeypatch.setattr(engine, "GENERAL_UP_TO", 400)


def policy(annotation="combined", seed=0):
    return Policy(annotation, RULE, seed)


def never(*_, **__):
    raise AssertionError("the general engine was asked")


def withstands(tables) -> None:
    for _, view in published_views(tables, rule=RULE, dataset="d"):
        report = attack(view)
        assert report.passed, report.failures
        assert verify_witnesses(view, report.witnesses).agree


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_a_large_table_goes_to_the_engine_for_cubes_and_withstands_the_attack(annotation):
    told: list[str] = []
    made, figures = protect_tables(
        [one_table((58, 9, 2, 2), 4.5)], policy(annotation), masked=True, dataset="d", progress=told.append
    )
    assert figures["count:records"]["cells"] == 59 * 10 * 3 * 3 > LARGE_FROM
    assert any("cover" in line for line in told), "told what it is doing"
    withstands(made)


def with_regions(seed=0):
    """Counties in one table, regions of them in another, over the same other columns: one tree."""
    counts = synthetic((20, 5, 3), 2.5, seed)
    fine = {"county": categories("county", 20), "age": categories("age", 5), "sex": categories("sex", 3)}
    regions = {f"region {r}": tuple(range(5 * r, 5 * r + 5)) for r in range(4)}
    coarse = fine | {"county": regions}
    return [table("by_county", counts, COLUMNS[:3], fine), table("by_region", counts, COLUMNS[:3], coarse)]


def test_hierarchies_over_two_tables_are_one_cube(low_border, monkeypatch):
    monkeypatch.setattr(engine, "suppress", never)
    tables = with_regions()
    (cells,) = linked(tables)
    made, figures = protect_tables(tables, policy(), masked=True, dataset="d")
    assert figures["count:records"]["cells"] == (20 + 4 + 1) * 6 * 4 == len(cells.keys)
    withstands(made)


def two_margins(seed=0, base=2.0):
    """County by age by sex and county by race by sex: the four-way figures are in no table."""
    counts = synthetic((58, 12, 2, 7), base, seed)
    parts = {c: categories(c, n) for c, n in zip(COLUMNS, counts.shape, strict=True)}
    first = {c: parts[c] for c in ("county", "age", "sex")}
    second = {c: parts[c] for c in ("county", "race", "sex")}
    return [table("by_age", counts, COLUMNS, first), table("by_race", counts, COLUMNS, second)]


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_two_margins_of_one_cube_are_protected_as_that_cube(annotation):
    tables = two_margins(base=2.5)
    made, figures = protect_tables(tables, policy(annotation), masked=True, dataset="d")
    assert figures["count:records"]["cells"] > LARGE_FROM
    shared = [t.frame[t.frame[t.structure.dimensions[1].name] == "Total"]["Persons"].isna().tolist() for t in made]
    assert shared[0] == shared[1], "a cell of two tables is hidden in both or shown in both"
    withstands(made)


def crossing():
    """Two ways to group the same ages that are no parts of one another: no tree."""
    counts = synthetic((58, 12, 5), 2.5, 0)
    ages = {f"{a}": tuple(range(a, a + 3)) for a in range(0, 12, 3)}
    others = {f"{a}": tuple(range(a, min(a + 2, 12))) for a in (0, 4, 6, 10)} | {"2": (2, 3), "8": (8, 9)}
    common = {"county": categories("county", 58), "sex": categories("sex", 5)}
    return [
        table("threes", counts, COLUMNS[:3], common | {"age": ages}),
        table("twos", counts, COLUMNS[:3], common | {"age": others}),
    ]


def test_what_is_large_and_no_cube_is_refused_with_what_to_do_instead():
    with pytest.raises(Refused) as refusal:
        protect_tables(crossing(), policy(), masked=True, dataset="clinic_visits")
    assert refusal.value.slug == "too-many-linked-cells"
    assert "clinic_visits" in str(refusal.value)
    assert "same categories" in refusal.value.remedy


def test_the_least_interesting_categories_go_first_in_large_tables_too(low_border):
    made = one_table((20, 6, 3), 3.5)
    county, age, sex = made.structure.dimensions
    dull = replace(made.structure, dimensions=(county, replace(age, least_interesting=("age 2",)), sex))
    in_dull = made.frame["Age"] == "age 2"

    def complements(structure) -> int:
        (done,), _ = protect_tables([DataTable(structure, made.frame)], policy(), masked=True, dataset="d")
        large = made.frame["Persons"] > 10
        return int((done.frame["Persons"].isna() & in_dull & large).sum())

    assert complements(dull) > complements(made.structure)


def persons_of(made, few, at_most=10):
    """The same table with distinct persons behind its events: as many as events but in the cells ``few`` picks."""
    frame = made.frame.copy()
    frame["__persons__Persons"] = frame["Persons"].where(~few, frame["Persons"].clip(upper=at_most))
    measures = tuple(replace(m, persons=True) if m.name == "Persons" else m for m in made.structure.measures)
    return type(made)(replace(made.structure, measures=measures), frame)


def test_distinct_persons_are_checked_by_the_engine_for_cubes_too(low_border, monkeypatch):
    monkeypatch.setattr(engine, "suppress", never)
    made = one_table((20, 8, 4), 3.5)
    inner = (made.frame[["County", "Age", "Sex"]] != "Total").all(axis=1)
    few = inner & (made.frame["Persons"] > 60) & (made.frame["Persons"] % 7 == 0)
    assert few.sum() > 5
    (alone,), _ = protect_tables([made], policy(), masked=True, dataset="d")
    (counted,), figures = protect_tables([persons_of(made, few)], policy(), masked=True, dataset="d")
    assert figures["count:records"]["cells"] > engine.LARGE_FROM
    assert not alone.frame["Persons"].isna()[few].all()
    assert counted.frame["Persons"].isna()[few].all(), "many events of few persons are small"
    assert counted.small == alone.small + int(few.sum())


def few_persons_in(made, at_most=3):
    inner = (made.frame[["County", "Age", "Sex"]] != "Total").all(axis=1)
    few = inner & (made.frame["Persons"] > 60) & (made.frame["Persons"] % 7 == 0)
    assert few.sum() > 5
    return persons_of(made, few, at_most)


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_no_group_of_a_large_table_hides_the_events_of_few_persons_alone(annotation, monkeypatch):
    """Several thousand cells; by events alone the same engine leaves groups in which fewer than eleven persons stand behind
    all that is hidden."""
    monkeypatch.setattr(engine, "suppress", never)
    made = few_persons_in(one_table((58, 11, 4), 5.0))
    tables = [made]
    (done,), figures = protect_tables(tables, policy(annotation), masked=True, dataset="d")
    assert figures["count:records"]["cells"] == 59 * 12 * 5 > LARGE_FROM
    (cells,) = linked(tables)
    rows = cells.rows["t", "Persons"]
    persons, hidden = np.zeros(len(cells.keys), dtype=np.int64), np.zeros(len(cells.keys), dtype=bool)
    persons[rows] = made.frame["__persons__Persons"].to_numpy(dtype=np.int64)
    hidden[rows] = done.frame["Persons"].isna().to_numpy()
    for parent, children in cells.equations:
        behind = persons[[c for c in children if hidden[c]]]
        assert hidden[parent] or not len(behind) or behind.sum() >= 11
    withstands([done])


def test_groups_of_few_persons_that_the_engine_for_cubes_left_open_are_refused(low_border, monkeypatch):
    made = few_persons_in(one_table((20, 8, 4), 3.5))

    def by_events_alone(cube, **_):
        return SimpleNamespace(codes=cube.small(RULE).astype(np.int8), figures={"given_back": 0})

    monkeypatch.setattr(engine, "suppress_cube", by_events_alone)
    with pytest.raises(Refused) as refusal:
        protect_tables([made], policy(), masked=True, dataset="d")
    assert "few persons stand behind" in refusal.value.what


def system_of(tables):
    (cells,) = linked(tables)
    values = np.zeros(len(cells.keys), dtype=np.int64)
    for place, rows in cells.rows.items():
        frame = next(t.frame for t in tables if t.structure.table == place[0])
        values[rows] = frame["Persons"].to_numpy(dtype=np.int64)
    equations = tuple(Equation(parent, children) for parent, children in cells.equations)
    return CellSystem(values, cells.published, equations, cells.keys, level=cells.level)


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_a_large_system_hides_nothing_that_is_public_already(low_border, annotation):
    system = system_of([one_table((20, 8, 4), 3.0)])
    rng = np.random.default_rng(1)
    frozen = (rng.random(system.size) < 0.2) & (system.values > 40)
    small = primary(system, RULE)
    found = Engine(policy(annotation), system.keys).search(system, small, frozen)
    assert not (found.hidden & frozen).any()
    assert found.hidden[small].all()
    free = Engine(policy(annotation), system.keys).search(system, small)
    assert (free.hidden & frozen).any(), "without that, some of them would have been hidden"


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_the_complements_of_an_earlier_pattern_are_kept_where_all_else_is_public(low_border, annotation):
    system = system_of([one_table((20, 8, 4), 3.0)])
    small = primary(system, RULE)
    before = Engine(policy(annotation), system.keys).search(system, small)
    again = Engine(policy(annotation, seed=9), system.keys).search(
        system, small, ~before.hidden & (system.values > 0), before.hidden & ~small
    )
    assert np.array_equal(again.codes, before.codes)


def test_a_small_count_that_is_public_already_is_an_incident_in_a_large_system_too(low_border, monkeypatch):
    monkeypatch.setattr(engine, "suppress", never)
    system = system_of([one_table((20, 8, 4), 3.0)])
    small = primary(system, RULE)
    with pytest.raises(Refused) as incident:
        Engine(policy(), system.keys).search(system, small, small)
    assert incident.value.slug == "small-cell-already-public"


def test_years_of_persons_counted_once_fall_apart_and_are_taken_year_by_year(low_border):
    """Distinct persons of several years do not add up, so nothing ties the years together."""
    years = 4
    slabs = [system_of([one_table((16, 6, 3), 2.5, seed)]) for seed in range(years)]
    size = slabs[0].size
    keys = tuple((*key, (y,)) for y, one in enumerate(slabs) for key in one.keys)
    equations = tuple(
        Equation(e.parent + y * size, tuple(c + y * size for c in e.children))
        for y, one in enumerate(slabs)
        for e in one.equations
    )
    values, levels = np.concatenate([s.values for s in slabs]), np.concatenate([s.level for s in slabs])
    system = CellSystem(values, np.ones(years * size, dtype=bool), equations, keys, level=levels)
    found = Engine(policy(), system.keys).search(system, primary(system, RULE))
    for y, one in enumerate(slabs):
        alone = Engine(policy(), one.keys).search(one, primary(one, RULE))
        assert np.array_equal(found.codes[y * size : (y + 1) * size], alone.codes)
    assert found.figures["complementary"] == int((found.codes == 2).sum()) > 0
    assert {cell for cell, _ in found.reasons} == set(np.flatnonzero(found.codes == 2).tolist())


def test_both_engines_take_the_same_system_at_the_border(monkeypatch):
    """A table the general engine takes by size, given to the other one: the same small cells, both withstand."""
    made = one_table((20, 6, 3), 2.5)
    (general,), _ = protect_tables([made], policy(), masked=True, dataset="d")
    monkeypatch.setattr(engine, "LARGE_FROM", 300)
    (cube,), _ = protect_tables([made], policy(), masked=True, dataset="d")
    assert general.small == cube.small
    withstands([general])
    withstands([cube])
