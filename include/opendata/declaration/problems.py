"""Puts what is wrong in a declaration into words for its steward: where, what, what is allowed, what was probably meant.

One mistake is one problem. Where a field takes several forms (a list, or a range), the model tells of every form that did not
fit; the steward is told of the form that fits best: the one whose error lies deepest, and where several lie at the same field,
one sentence that names them all.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.inconsistency import FieldPath, Inconsistency
from include.opendata.yaml_reader import Positions

SchemaNode = Mapping[str, Any]
"""A part of the model's JSON Schema."""


@dataclass(frozen=True)
class DeclarationProblem:
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


def from_inconsistency(inconsistency: Inconsistency, positions: Positions, file: str) -> DeclarationProblem:
    """The problem of two fields that cannot both be right."""
    return DeclarationProblem(
        file,
        positions.line(inconsistency.field),
        dotted(inconsistency.field),
        inconsistency.what,
        inconsistency.allowed,
        inconsistency.suggestion,
    )


def from_validation(error: ValidationError, data: Any, positions: Positions, file: str) -> list[DeclarationProblem]:
    """The problems of a declaration the model does not take. ``data``: what the YAML file holds."""
    by_field: dict[FieldPath, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_field.setdefault(_written_path(detail, data), []).append(detail)
    outer = {field[:end] for field in by_field for end in range(len(field))}
    problems = []
    for field, details in by_field.items():
        if field in outer:  # another form of this field got further
            continue
        wording = _wording(field, details)
        problems.append(
            DeclarationProblem(
                file, positions.line(field), dotted(field), wording.what, wording.allowed, wording.suggestion
            )
        )
    return problems


def dotted(field: FieldPath) -> str:
    """A field as a steward reads it, counted from one: ``tables[1].title``."""
    text = ""
    for step in field:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "(the whole file)"


def _written_path(detail: ErrorDetails, data: Any) -> FieldPath:
    """pydantic's location without the names of the forms a field may take, which no one wrote down."""
    path: list[str | int] = []
    here: Any = data
    for step in detail["loc"]:
        if isinstance(here, dict) and (step in here or str(step) in here):
            path.append(step)
            here = here.get(step, here.get(str(step)))
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            path.append(step)
            here = here[step]
    if detail["type"] == "missing":
        path.append(detail["loc"][-1])
    return tuple(path)


@dataclass(frozen=True)
class _Wording:
    what: str
    allowed: str = ""
    suggestion: str = ""


_NEEDED = {
    "bool": "an answer is needed: yes or no",
    "int": "a whole number is needed",
    "float": "a number is needed",
    "string": "text is needed (put it in quotes if it looks like a number)",
    "list": "a list is needed: lines that start with a dash",
    "dict": "named fields are needed here",
    "model": "named fields are needed here",
    "date": "a date is needed, such as 2026-01-31",
}
_FORMS = {
    "bool": "yes or no",
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "list": "a list (lines that start with a dash)",
    "dict": "named fields",
    "model": "named fields",
    "date": "a date",
}
"""The same, where a field takes one of several forms."""


def _wording(field: FieldPath, details: Sequence[ErrorDetails]) -> _Wording:
    """``details``: of one field; more than one where it takes several forms."""
    needed = [_needed_form(detail) for detail in details]
    if None in needed:  # a form fits, only its value does not: that is nearer than another form
        return _wording_of_value(field, details[needed.index(None)])
    forms = {form for form in needed if form is not None}
    if "float" in forms:
        forms.discard("int")
    if len(forms) == 1:
        return _Wording(_NEEDED[forms.pop()])
    names = list(dict.fromkeys(name for form, name in _FORMS.items() if form in forms))
    return _Wording(f"{', '.join(names[:-1])} or {names[-1]} {'is' if names[-1] == 'text' else 'are'} needed")


def _needed_form(detail: ErrorDetails) -> str | None:
    """The form that was expected where something else stands; None when the form is right and the value is not."""
    kind = detail["type"]
    form = kind.split("_")[0]
    return form if kind.endswith(("_type", "_parsing", "_from_float")) and form in _NEEDED else None


def _wording_of_value(field: FieldPath, detail: ErrorDetails) -> _Wording:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = _known_fields(field[:-1])
        return _Wording("there is no such field here", ", ".join(known), _nearest(field[-1], known))
    if kind == "missing":
        return _Wording("this field is missing")
    if kind in ("literal_error", "enum"):
        choices = _choices(context.get("expected", ""))
        return _Wording(
            "this value is not one of those allowed", ", ".join(choices), _nearest(detail["input"], choices)
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        choices = _choices(context.get("expected_tags", "count, sum, mean, rate, percent"))
        what = "`kind` is missing or is not a kind of measure"
        return _Wording(what, ", ".join(choices), _nearest(context.get("tag", ""), choices))
    if kind == "string_pattern_mismatch":
        return _Wording("this text does not have the form asked for", f"text that matches {context.get('pattern')}")
    return _Wording(detail["msg"].removeprefix("Value error, "))


def _choices(expected: Any) -> list[str]:
    """pydantic's list of choices as a sentence has it: ``'a', 'b' or 'c'``."""
    return [choice.strip().strip("'") for choice in str(expected).replace(" or ", ", ").split(", ")]


def _nearest(word: Any, choices: Sequence[str]) -> str:
    return next(iter(difflib.get_close_matches(str(word), choices, n=1)), "")


def _known_fields(field: FieldPath) -> list[str]:
    """The fields allowed inside ``field``, from the model's JSON Schema."""
    schema = Dataset.model_json_schema(by_alias=True)
    nodes = _resolved([schema], schema)
    for step in field:
        if isinstance(step, int):
            inner = [node["items"] for node in nodes if "items" in node]
        else:
            inner = [node["properties"][step] for node in nodes if step in node.get("properties", {})]
        nodes = _resolved(inner, schema)
    return sorted({name for node in nodes for name in node.get("properties", {})})


def _resolved(nodes: Sequence[SchemaNode], schema: SchemaNode) -> list[SchemaNode]:
    """The nodes of a JSON Schema with references followed and alternatives spread out."""
    resolved: list[SchemaNode] = []
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        alternatives = node.get("oneOf", []) + node.get("anyOf", [])
        if "$ref" in node:
            waiting.append(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
        elif alternatives:
            waiting.extend(alternatives)
        else:
            resolved.append(node)
    return resolved
