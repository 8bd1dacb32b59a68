"""Reads a declaration's YAML so that a data steward is not surprised, and remembers the line of every field.

Three of YAML 1.1's habits are switched off because they bite people who write codes and answers, not programs:
``yes``/``no``/``on``/``off`` stay text, so a source's own category ``no`` survives (the model turns an answer ``no``
into false where it expects an answer); a number with leading zeros stays text, so county ``001`` survives; ``12:30``
stays text. A field given twice is an error, not a silent overwrite. Anchors and aliases are refused: a declaration
needs none, and they are how a small file grows without bound. Nothing but plain data is ever constructed.

Kept light (PyYAML alone): Airflow reads declarations with it at parse time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from include.opendata.errors import DeclarationError, Place

MAX_BYTES = 1_000_000

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _DeclarationLoader(_Base):  # type: ignore[misc]  # which of the two loaders it is, the installation decides
    """The safe loader with YAML 1.2's idea of booleans and integers."""


_DeclarationLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DeclarationLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF")
)
_DeclarationLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")
)
_DeclarationLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:(?:0|[1-9][0-9_]*)\.[0-9_]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))$"),
    list("-+0123456789."),
)


def _or_text(construct: Any) -> Any:
    """What ``construct`` makes of a scalar; the text where it cannot, such as 2024-02-30. The model then names the field."""

    def constructed(loader: Any, node: yaml.ScalarNode) -> Any:
        try:
            return construct(loader, node)
        except ValueError:
            return node.value

    return constructed


_DeclarationLoader.add_constructor("tag:yaml.org,2002:int", _or_text(_Base.construct_yaml_int))
_DeclarationLoader.add_constructor("tag:yaml.org,2002:timestamp", _or_text(_Base.construct_yaml_timestamp))

FieldPath = tuple[str | int, ...]


class Positions:
    """The line (from 1) of every field of a YAML file, by its path such as ``("tables", 0, "title")``."""

    def __init__(self, lines: dict[FieldPath, int]):
        self._lines = lines

    def line(self, path: FieldPath) -> int:
        """The line of ``path``, or of the nearest enclosing field that was written down."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def read(path: Path, *, dataset: str | None = None) -> tuple[Any, Positions]:
    """The plain data of a YAML file and where each field stands.

    Raises DeclarationError when the file is missing, too large, not UTF-8, not YAML, names a field twice or uses
    anchors, aliases or tags.
    """
    loader = _DeclarationLoader(_text_of(path, Place(dataset=dataset, file=shown(path))))
    try:
        node = loader.get_single_node()
        if node is None:
            raise DeclarationError(
                "the file is empty",
                remedy="Fill in the declaration.",
                slug="declaration-empty",
                place=Place(dataset=dataset, file=shown(path)),
            )
        lines: dict[FieldPath, int] = {}
        forbidden = _forbidden(node, lines)
        if forbidden is not None:
            raise DeclarationError(
                forbidden.what,
                remedy=forbidden.remedy,
                slug="declaration-yaml",
                place=Place(dataset, file=shown(path), line=forbidden.line),
            )
        return loader.construct_document(node), Positions(lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise DeclarationError(
            f"this is not valid YAML: {getattr(error, 'problem', None) or 'it cannot be parsed'}",
            remedy="Look at the indentation and the quotes on this line and the one before it.",
            slug="declaration-yaml",
            place=Place(dataset, file=shown(path), line=mark.line + 1 if mark else None),
        ) from None
    finally:
        loader.dispose()


def _text_of(path: Path, place: Place) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DeclarationError(
            "there is no such file",
            remedy="Check the name, or create the file.",
            slug="declaration-missing",
            place=place,
        ) from None
    except OSError as error:
        raise DeclarationError(
            f"the file cannot be read ({error.strerror})",
            remedy="Check the file's permissions.",
            slug="declaration-unreadable",
            place=place,
        ) from None
    if len(raw) > MAX_BYTES:
        raise DeclarationError(
            f"the file is larger than {MAX_BYTES:,} bytes",
            remedy="A declaration describes data; it does not hold them. Move long lists to a reference file.",
            slug="declaration-too-large",
            place=place,
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DeclarationError(
            "the file is not UTF-8 text", remedy="Save it as UTF-8.", slug="declaration-encoding", place=place
        ) from None


@dataclass(frozen=True)
class _Forbidden:
    """What a declaration may not contain."""

    line: int
    what: str
    remedy: str


def _forbidden(root: yaml.Node, lines: dict[FieldPath, int]) -> _Forbidden | None:
    """Fill ``lines``, up to the first thing that a declaration may not contain."""
    seen: set[int] = set()
    stack: list[tuple[yaml.Node, FieldPath]] = [(root, ())]
    while stack:
        node, path = stack.pop()
        line = node.start_mark.line + 1
        lines.setdefault(path, line)
        if id(node) in seen:
            return _Forbidden(line, "anchors and aliases are not used in declarations", "Write the repeated part out.")
        seen.add(id(node))
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.startswith("tag:yaml.org,2002:python"):
            remedy = "Remove the word that starts with an exclamation mark."
            return _Forbidden(line, "YAML tags are not used in declarations", remedy)
        if isinstance(node, yaml.MappingNode):
            if name := _forbidden_name(node):
                return name
            for key, value in node.value:
                lines[(*path, key.value)] = key.start_mark.line + 1
                stack.append((value, (*path, key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                stack.append((value, (*path, index)))
    return None


def _forbidden_name(mapping: yaml.MappingNode) -> _Forbidden | None:
    names: set[str] = set()
    for key, _ in mapping.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            return _Forbidden(line, "a field's name must be plain text", "Check the indentation.")
        if key.value in names:
            return _Forbidden(line, f"the field {key.value!r} is given twice", "Keep one of the two.")
        names.add(key.value)
    return None


def shown(path: Path) -> str:
    """The path as people know it: from the project's root when it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)
