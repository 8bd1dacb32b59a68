"""What keeps the code easy to change: imports at the top of files, one home for the numbers of the small cell rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "include" / "opendata").rglob("*.py"))

DOORS = {"include/opendata/quality/gx_project.py": "great_expectations"}
"""Where an import may stand inside a function, and of what: the import of Great Expectations costs more than all others."""

NUMBERS = {11: ("below", "threshold", "small"), 3: ("width", "min_width", "all_at_most")}
"""What the rule book says about small counts, and the names under which such a number would be said a second time."""

Scope = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def inner_imports(tree: ast.AST) -> Iterator[str]:
    """The modules imported inside functions."""
    for scope in ast.walk(tree):
        if isinstance(scope, Scope):
            for node in ast.walk(scope):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield node.module or ""


def named_numbers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, number) of every default of a parameter, and every constant of a module or a class."""
    for node in ast.walk(tree):
        if isinstance(node, Scope):
            positional = [*node.args.posonlyargs, *node.args.args]
            defaults = zip(positional[len(positional) - len(node.args.defaults) :], node.args.defaults, strict=True)
            named = [*defaults, *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
            pairs = [(argument.arg, value) for argument, value in named]
        elif isinstance(node, ast.Assign):
            pairs = [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            pairs = [(node.target.id, node.value)]
        elif isinstance(node, ast.keyword) and node.arg is not None:
            pairs = [(node.arg, node.value)]
        else:
            continue
        for name, value in pairs:
            if isinstance(value, ast.Constant) and type(value.value) is int:
                yield name.lower(), value.value


def second_homes(tree: ast.AST) -> list[tuple[str, int]]:
    return [
        (name, number) for name, number in named_numbers(tree) if any(word in name for word in NUMBERS.get(number, ()))
    ]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_stand_at_the_top_of_a_file(path):
    allowed = DOORS.get(name_of(path))
    inner = set(inner_imports(ast.parse(path.read_text(encoding="utf-8"))))
    assert {module for module in inner if allowed is None or module.partition(".")[0] != allowed} == set()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_numbers_of_the_small_cell_rule_stand_in_the_rule_book_alone(path):
    assert second_homes(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "def protect(threshold=11): ...",
        "def attack(*, min_width: int = 3): ...",
        "MIN_WIDTH = 3",
        "class Policy:\n    below: int = 11",
        "attack(view, threshold=11)",
    ],
)
def test_a_second_home_is_found(text):
    assert second_homes(ast.parse(text)) != []


def test_an_inner_import_is_found():
    assert list(inner_imports(ast.parse("def f():\n    if True:\n        import pandas as pd"))) == ["pandas"]
