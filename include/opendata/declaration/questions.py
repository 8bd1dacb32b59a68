"""What a declaration does not know yet, and says so.

A fact no one knew when the declaration was drafted is not invented: a text that begins with ``OPEN QUESTION:`` stands in its
place, or a sentence under ``open_questions`` where the field takes no text. Such a declaration can be checked, but nothing is
made of it. Unanswered questions of the release-permission tree are not looked at here: ``gate.permission`` keeps those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.opendata import places, yaml_reader
from include.opendata.declaration.base import OPEN
from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import DeclarationError, Place

FieldPath = tuple[str | int, ...]


def open_questions(dataset: Dataset) -> list[tuple[FieldPath, str]]:
    """Every open question with the field it stands in, in the order of the model's fields."""
    return list(_walk(dataset.model_dump(mode="json", by_alias=True), ()))


def require_answered(dataset: Dataset) -> None:
    """Raises DeclarationError ``questions-open``, naming every field and its line, when a question is open."""
    found = open_questions(dataset)
    if not found:
        return
    path = places.declaration(dataset.dataset)
    lines = yaml_reader.read(path, dataset=dataset.dataset)[1] if path.is_file() else None
    shown = yaml_reader.shown(path)
    ordered = sorted((lines.line(field) if lines else 0, number) for number, (field, _) in enumerate(found))
    details = [f"line {line}, `{dotted(found[n][0])}`: {found[n][1]}" for line, n in ordered]
    raise DeclarationError(
        "one question is still open" if len(found) == 1 else f"{len(found)} questions are still open",
        remedy="Write each answer in place of its question (take it out of `open_questions`), then check again.",
        slug="questions-open",
        place=Place(dataset=dataset.dataset, file=shown, line=ordered[0][0] or None),
        details=tuple(details),
    )


def dotted(field: FieldPath) -> str:
    """A field as people write it, such as ``source.columns[2].definition``; counting starts at 1."""
    text = ""
    for step in field:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _walk(value: Any, at: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _walk(part, (*at, name))
            if isinstance(name, str) and name.startswith(OPEN):
                yield at, name.removeprefix(OPEN)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _walk(part, (*at, index))
    elif isinstance(value, str) and (value.startswith(OPEN) or at[:1] == ("open_questions",)):
        yield at, value.removeprefix(OPEN)
