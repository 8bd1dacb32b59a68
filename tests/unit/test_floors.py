"""The floors hold: a lower floor imports no higher one, rooms of one floor do not import each other, and nothing below the
DAGs imports Airflow."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "include" / "opendata"

FLOORS = {
    1: {"errors", "places", "vocabulary", "spec", "rules", "cells", "manifest", "history"},
    2: {"work", "warehouse", "ledger"},
    3: {
        *(
            "extract",
            "quality",
            "identifiers",
            "tabulate",
            "gate",
            "disclosure",
            "attack",
            "proof",
            "release",
            "staging",
        ),
        "portal",
        "changes",
    },
    4: {"advice", "monitoring", "onboarding", "pipeline", "cli"},
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
ROOMS_THAT_KEEP_TO_THEMSELVES = FLOORS[3]


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            modules.add(node.module or "")
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return modules


def rooms_imported(path: Path) -> set[str]:
    prefix = "include.opendata."
    return {m[len(prefix) :].split(".")[0] for m in imported_modules(path) if m.startswith(prefix)} & set(FLOOR_OF)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


SOURCES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def test_every_room_has_a_floor():
    assert {room_of(path) for path in SOURCES} == set(FLOOR_OF)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_lower_floor_imports_no_higher_one(path):
    own = FLOOR_OF[room_of(path)]
    assert {room for room in rooms_imported(path) if FLOOR_OF[room] > own} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_of_the_third_floor_do_not_import_one_another(path):
    room = room_of(path)
    if room in ROOMS_THAT_KEEP_TO_THEMSELVES:
        assert rooms_imported(path) & (ROOMS_THAT_KEEP_TO_THEMSELVES - {room}) == set()


@pytest.mark.parametrize("path", sorted((ROOT / "include").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_below_the_dags_imports_airflow(path):
    assert {m for m in imported_modules(path) if m.split(".")[0] == "airflow"} == set()


def test_the_great_expectations_project_does_not_hide_the_library():
    assert not (ROOT / "great_expectations" / "__init__.py").exists()
