"""The floors hold: a lower floor imports no higher one, rooms of the third floor do not import each other, no two rooms and no
two modules import each other in a circle, and nothing below the DAGs imports Airflow."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "include" / "opendata"
PREFIX = "include.opendata."

FLOORS = {
    1: {"errors", "places", "progress", "row_sums", "vocabulary", "yaml_reader", "declaration", "rules"},
    2: {"storage", "warehouse", "ledger"},
    3: {
        "sources",
        "quality",
        "identifiers",
        "tables",
        "gate",
        "disclosure",
        "release",
        "changes",
        "staging",
        "portals",
    },
    4: {"advice", "monitoring", "onboarding", "pipeline", "cli"},
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
ROOMS_THAT_KEEP_TO_THEMSELVES = FLOORS[3]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    return module.removeprefix(PREFIX).split(".")[0]


SOURCES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")
MODULES = {module_name(path): path for path in SOURCES}


def imported_modules(path: Path) -> set[str]:
    """Everything a file imports, inside functions and for type checkers too."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = parts & set(MODULES)
            modules |= submodules if submodules == parts else parts | {node.module or ""}
    return modules


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other (Tarjan's strongly connected components of two and more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


IMPORTS = {module: imported_modules(path) & (set(MODULES) - {module}) for module, path in MODULES.items()}


def rooms_imported(path: Path) -> set[str]:
    return {room_of(m) for m in imported_modules(path) if m.startswith(PREFIX)} & set(FLOOR_OF)


def test_every_room_has_a_floor():
    assert {room_of(module) for module in MODULES} == set(FLOOR_OF)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_lower_floor_imports_no_higher_one(path):
    own = FLOOR_OF[room_of(module_name(path))]
    assert {room for room in rooms_imported(path) if FLOOR_OF[room] > own} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_of_the_third_floor_do_not_import_one_another(path):
    room = room_of(module_name(path))
    if room in ROOMS_THAT_KEEP_TO_THEMSELVES:
        assert rooms_imported(path) & (ROOMS_THAT_KEEP_TO_THEMSELVES - {room}) == set()


def test_no_rooms_import_each_other_in_a_circle():
    graph: dict[str, set[str]] = {room: set() for room in FLOOR_OF}
    for module, targets in IMPORTS.items():
        graph[room_of(module)] |= {room_of(target) for target in targets} - {room_of(module)}
    assert circles(graph) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circles(IMPORTS) == []


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def renames(path: Path) -> list[int]:
    """The lines on which a file is renamed: ``path.rename(to)``, ``path.replace(to)`` (a text takes two arguments)."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [
        call.lineno
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("rename", "renames", "replace")
        and (len(call.args) == 1 or ast.unparse(call.func) in ("os.rename", "os.replace", "os.renames"))
        and not call.keywords
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_renamed_in_one_place(path):
    assert renames(path) == [] or path == PACKAGE / "storage" / "atomic.py"


def test_the_attack_shares_nothing_with_what_hides_but_the_cells():
    attack, protect = f"{PREFIX}disclosure.attack", f"{PREFIX}disclosure.protect"
    for module, targets in IMPORTS.items():
        for room, other in ((attack, protect), (protect, attack)):
            if f"{module}.".startswith(f"{room}."):
                assert {target for target in targets if f"{target}.".startswith(f"{other}.")} == set(), module


@pytest.mark.parametrize("path", sorted((ROOT / "include").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_below_the_dags_imports_airflow(path):
    assert {m for m in imported_modules(path) if m.split(".")[0] == "airflow"} == set()


def test_the_great_expectations_project_does_not_hide_the_library():
    assert not (ROOT / "great_expectations" / "__init__.py").exists()
