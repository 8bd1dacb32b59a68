"""Reads a declaration in full and says everything that is wrong with it, field by field, with the line.

A :class:`Problem` is for the steward: where, what is wrong, what is allowed, and what was probably meant. All problems of
a file are reported at once. What the declaration refers to outside itself (the suite, the references) is checked by the
rooms that own those things.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from include.opendata import places, yaml_reader
from include.opendata.declaration.consistency import inconsistencies
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.light import declared_ids, is_there
from include.opendata.errors import DeclarationError, Place

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a declaration."""

    file: str
    line: int
    field: str
    what: str
    allowed: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}, field `{self.field}`: {self.what}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.suggestion:
            text += f"; did you mean `{self.suggestion}`?"
        return text


def load(dataset: str) -> Dataset:
    """The declaration of ``dataset``. Raises DeclarationError, listing every problem, when it cannot be used."""
    path = places.declaration(dataset)
    if not is_there(path):
        known = declared_ids()
        near = difflib.get_close_matches(dataset, known, n=1)
        raise DeclarationError(
            f"there is no dataset called {dataset!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            remedy=f"Declared datasets: {', '.join(known) or 'none'}. A new one is a new folder with a dataset.yaml.",
            slug="dataset-unknown",
        )
    return load_file(path, dataset=dataset)


def load_file(path: Path, *, dataset: str | None = None) -> Dataset:
    """The declaration in ``path``; ``dataset`` is the folder's name, which the declaration must repeat."""
    data, positions = yaml_reader.read(path, dataset=dataset)
    shown = yaml_reader.shown(path)
    problems: list[Problem] = []
    declared: Dataset | None = None
    try:
        declared = Dataset.model_validate(data)
    except ValidationError as error:
        problems = [_from_pydantic(detail, data, positions, shown) for detail in error.errors(include_url=False)]
    else:
        if dataset is not None and declared.dataset != dataset:
            problems.append(
                Problem(shown, positions.line(("dataset",)), "dataset", "it must be the name of its folder", dataset)
            )
        for found in inconsistencies(declared):
            problems.append(
                Problem(
                    shown,
                    positions.line(found.field),
                    _dotted(found.field),
                    found.what,
                    found.allowed,
                    found.suggestion,
                )
            )
    if problems or declared is None:
        problems.sort(key=lambda problem: (problem.line, problem.field))
        first = problems[0]
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DeclarationError(
            f"the declaration has {count}",
            remedy=f"Mend {'it' if len(problems) == 1 else 'them'} and run `bin/opendata check {dataset or ''}`.",
            slug="declaration-invalid",
            place=Place(dataset=dataset, file=shown, line=first.line),
            details=tuple(str(problem) for problem in problems),
        )
    return declared


def _from_pydantic(detail: Any, data: Any, positions: yaml_reader.Positions, shown: str) -> Problem:
    path = _written_path(detail["loc"], data)
    kind, context = detail["type"], detail.get("ctx", {})
    what, allowed, suggestion = detail["msg"], "", ""
    name = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        known = _known_fields(path[:-1])
        what, allowed = "there is no such field here", ", ".join(known)
        suggestion = next(iter(difflib.get_close_matches(name, known, n=1)), "")
    elif kind == "missing":
        what = "this field is missing"
    elif kind in ("literal_error", "enum"):
        choices = [c.strip().strip("'") for c in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]
        what, allowed = "this value is not one of those allowed", ", ".join(choices)
        suggestion = next(iter(difflib.get_close_matches(str(detail.get("input")), choices, n=1)), "")
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        choices = [
            c.strip().strip("'")
            for c in str(context.get("expected_tags", "count, sum, mean, rate, percent")).split(", ")
        ]
        what, allowed = "`kind` is missing or is not a kind of measure", ", ".join(choices)
        tag = str(context.get("tag", ""))
        suggestion = next(iter(difflib.get_close_matches(tag, choices, n=1)), "")
    elif kind == "string_pattern_mismatch":
        what, allowed = "this text does not have the form asked for", f"text that matches {context.get('pattern')}"
    elif kind.endswith(("_type", "_parsing")):
        what = {
            "bool": "an answer is needed: yes or no",
            "int": "a whole number is needed",
            "string": "text is needed (put it in quotes if it looks like a number)",
            "list": "a list is needed: lines that start with a dash",
            "dict": "named fields are needed here",
            "model": "named fields are needed here",
            "date": "a date is needed, such as 2026-01-31",
        }.get(kind.split("_")[0], what)
    elif kind == "value_error":
        what = what.removeprefix("Value error, ")
    return Problem(shown, positions.line(path), _dotted(path), what, allowed, suggestion)


def _written_path(location: tuple[Any, ...], data: Any) -> FieldPath:
    """pydantic's location without the names of union members, which nobody wrote down."""
    path: list[str | int] = []
    here: Any = data
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(here, dict) and (step in here or str(step) in here or last):
            path.append(step)
            here = here.get(step, here.get(str(step)))
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            path.append(step)
            here = here[step]
    return tuple(path)


def _known_fields(path: FieldPath) -> list[str]:
    """The fields allowed at ``path``, from the model's JSON Schema."""
    schema = Dataset.model_json_schema(by_alias=True)
    names: set[str] = set()
    level = [schema]
    for step in (*path, None):
        resolved: list[dict[str, Any]] = []
        while level:
            node = level.pop()
            if "$ref" in node:
                level.append(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
            elif "oneOf" in node or "anyOf" in node:
                level.extend(node.get("oneOf", []) + node.get("anyOf", []))
            else:
                resolved.append(node)
        if step is None:
            names = {name for node in resolved for name in node.get("properties", {})}
        elif isinstance(step, int):
            level = [node["items"] for node in resolved if "items" in node]
        else:
            level = [node["properties"][step] for node in resolved if step in node.get("properties", {})]
    return sorted(names)


def _dotted(path: FieldPath) -> str:
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "(the whole file)"
