"""The suites as files: where they are kept, and reading them strictly.

A suite is JSON in the form Great Expectations gives it, kept with the others in the Great Expectations project, or in the
folder ``expectations`` beside the declaration, so that a dataset can come as one folder; never in both. This module reads
the file itself, before Great Expectations does, because that library drops what it does not understand. What a suite must
hold is asked in ``suites``; whether an expectation's type can be imported, in ``gx_project``.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.opendata import places
from include.opendata.errors import DeclarationError, Place
from include.opendata.quality.expected import Expectation

_FIELDS = {"name", "expectations", "meta", "notes", "id", "suite_parameters"}
_EXPECTATION_FIELDS = {"type", "kwargs", "meta", "notes", "id", "severity", "description"}


@dataclass(frozen=True)
class Suite:
    """A suite's file, read and found well-formed."""

    name: str
    expectations: tuple[Expectation, ...]

    @property
    def types(self) -> list[str]:
        """The type of each expectation, in the order of the file."""
        return [expectation["type"] for expectation in self.expectations]


def folder() -> Path:
    """Where the suites of the project are."""
    return places.expectations() / "expectations"


def own_folder(dataset: str) -> Path:
    """Where a dataset may carry its suites with it."""
    return places.datasets() / dataset / "expectations"


def suite_names(dataset: str | None = None) -> list[str]:
    """The names of the suites of the project, and of those ``dataset`` carries with it, sorted."""
    return sorted(_suite_files(dataset))


def _suite_files(dataset: str | None) -> dict[str, list[Path]]:
    """Suite → the files of that name; more than one is a mistake."""
    found: dict[str, list[Path]] = {}
    for place in (folder(), *([own_folder(dataset)] if dataset else [])):
        for path in sorted(place.glob("*.json")):
            found.setdefault(path.stem, []).append(path)
    return found


def publishable_suite(dataset: str, table: str) -> str:
    """The name of the suite a table must pass before it is published."""
    return f"{dataset}__{table}__publishable"


def read_suite(name: str, *, place: Place) -> Suite:
    """The suite called ``name``.

    ``place`` names the dataset whose own suites are looked at beside the project's. Raises DeclarationError:
    ``suite-missing`` (with near misses), ``suite-twice`` (in both places), ``suite-malformed`` (not JSON, not a suite),
    ``suite-empty`` (it asks for nothing).
    """
    known = _suite_files(place.dataset)
    if name not in known:
        near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
        hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        raise DeclarationError(
            f"there is no suite called {name!r}{hint}",
            remedy=f"Correct the name, or run `bin/opendata suites {place.dataset or 'ID'} --write` to draft it.",
            slug="suite-missing",
            place=place,
        )
    if len(known[name]) > 1:
        raise DeclarationError(
            f"the suite {name!r} exists twice: in the project and beside the declaration",
            remedy="Keep one of the two; which one is meant cannot be guessed.",
            slug="suite-twice",
            place=place,
        )
    (path,) = known[name]
    within = "great_expectations/expectations" if path.parent == folder() else f"{place.dataset}/expectations"
    place = Place(place.dataset, place.table, None, f"{within}/{path.name}")
    data = _read_json(path, place)
    problem = _problem(data, name)
    if problem:
        raise _malformed(problem, place)
    if not data["expectations"]:
        raise DeclarationError(
            "the suite expects nothing, so everything would pass",
            remedy=f"Run `bin/opendata suites {place.dataset or 'ID'} --write`.",
            slug="suite-empty",
            place=place,
        )
    return Suite(name, tuple(data["expectations"]))


def _read_json(path: Path, place: Place) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_no_field_twice)
    except json.JSONDecodeError as error:
        place = Place(place.dataset, place.table, None, place.file, error.lineno)
        raise _malformed(f"the suite is not valid JSON ({error.msg})", place) from None
    except (UnicodeDecodeError, OSError, ValueError) as error:
        raise _malformed(f"the suite cannot be read ({type(error).__name__})", place) from None


def _no_field_twice(pairs: list[tuple[str, Any]]) -> dict[str, object]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a field is given twice")
    return dict(pairs)


def _problem(data: Any, name: str) -> str:
    """What keeps ``data`` from being the suite ``name``; empty when nothing does."""
    if not isinstance(data, dict) or not isinstance(data.get("expectations"), list):
        return "the file is not a suite: it has no list `expectations`"
    if data.get("name") != name:
        return f"the suite's `name` must be {name!r}, as its file is called"
    if unknown := sorted(set(data) - _FIELDS):
        return f"a suite has no field {', '.join(unknown)}"
    for number, expectation in enumerate(data["expectations"], start=1):
        if problem := _problem_of_expectation(expectation, number):
            return problem
    keys = [expectation_key(expectation) for expectation in data["expectations"]]
    for number, key in enumerate(keys, start=1):
        if key in keys[: number - 1]:
            return f"expectation {number} ({data['expectations'][number - 1]['type']}) exists twice"
    return ""


def _problem_of_expectation(expectation: Any, number: int) -> str:
    if not isinstance(expectation, dict) or not isinstance(expectation.get("type"), str):
        return f"expectation {number} has no `type`"
    named = f"expectation {number} ({expectation['type']})"
    if not isinstance(expectation.get("kwargs"), dict):
        return f"{named} has no `kwargs`"
    if unknown := sorted(set(expectation) - _EXPECTATION_FIELDS):
        return f"{named} has no field {', '.join(unknown)}"
    if expectation.get("severity", "critical") not in ("critical", "warning", "info"):
        return f"{named}: `severity` is critical, warning or info"
    return ""


def _malformed(what: str, place: Place) -> DeclarationError:
    return DeclarationError(
        what,
        remedy=f"Fix the file, or move it away and run `bin/opendata suites {place.dataset or 'ID'} --write`.",
        slug="suite-malformed",
        place=place,
    )


def expectation_key(expectation: Expectation) -> str:
    """One text for an expectation: type and arguments, whatever the order of its fields."""
    return json.dumps([expectation["type"], expectation["kwargs"]], sort_keys=True, ensure_ascii=False)
