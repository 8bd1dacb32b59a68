"""What a page about many datasets needs from their declarations: title, owner, promised frequency, permission level.

A thousand declarations are not parsed for a page: what was read once is kept under the digest of its bytes, in this process
and in the cache folder. Whether a declaration is sound in every part is ``bin/opendata check``'s matter; here one that cannot
even be read is named as such, for it is the first thing to fix.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from include.opendata import places, yaml_reader
from include.opendata.declaration.light import declared_ids
from include.opendata.errors import OpendataError
from include.opendata.gate.permission import decide_permission
from include.opendata.pipeline.provenance import code_version
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.storage.declaration_cache import Kept, digest_of, read_kept, write_kept

FILE = "declared_facts.json"


@dataclass(frozen=True)
class DeclaredFacts:
    """What one declaration says. ``data_end``: ISO date, empty where it has none · ``level``: None where the answers do not
    settle it · ``broken``: why it cannot be read, empty when it can."""

    dataset: str
    title: str
    department: str = ""
    topic: str = ""
    frequency: str = "other"
    data_end: str = ""
    level: int | None = None
    steward: str = ""
    broken: str = ""


Stamp = tuple[int, int]
"""When a file was changed (nanoseconds) and how many bytes it has; (0, 0) where it may not be looked at."""

_KNOWN: dict[str, tuple[Stamp, DeclaredFacts]] = {}
"""Path → its stamp and what was read of it, for the life of this process."""


def declared_facts() -> list[DeclaredFacts]:
    """Of all declared datasets, sorted by their ids."""
    stamps = {dataset: stamp for dataset in declared_ids() if (stamp := _stamp(dataset)) is not None}
    changed = [dataset for dataset, stamp in stamps.items() if _known(dataset, stamp) is None]
    if changed:
        _read({dataset: stamps[dataset] for dataset in changed})
    return [_KNOWN[str(places.declaration(dataset))][1] for dataset in sorted(stamps)]


def facts_of(dataset: str) -> DeclaredFacts:
    """Of one dataset."""
    return _of(dataset, {})[1]


def _stamp(dataset: str) -> Stamp | None:
    """None where the declaration was taken away in this moment."""
    try:
        stat = places.declaration(dataset).stat()
    except FileNotFoundError:
        return None
    except OSError:
        return (0, 0)  # it may not be looked at; the reader says so
    return (stat.st_mtime_ns, stat.st_size)


def _known(dataset: str, stamp: Stamp) -> DeclaredFacts | None:
    known = _KNOWN.get(str(places.declaration(dataset)))
    return known[1] if known is not None and known[0] == stamp else None


def _read(stamps: Mapping[str, Stamp]) -> None:
    """Read these declarations, from the cache folder where their bytes are known there, and keep what was read."""
    key = code_version()  # the level follows from the rules too, not from the declaration alone
    kept = read_kept(FILE, key)
    for dataset, stamp in stamps.items():
        digest, facts = _of(dataset, kept)
        _KNOWN[str(places.declaration(dataset))] = (stamp, facts)
        if digest:
            kept[digest] = dataclasses.asdict(facts)
    write_kept(FILE, key, kept)


def _of(dataset: str, kept: Kept) -> tuple[str, DeclaredFacts]:
    """The digest of the declaration (empty where it cannot be read) and what it says."""
    digest = digest_of(dataset) or ""
    if digest in kept:
        return digest, DeclaredFacts(**kept[digest])
    try:
        declaration, _ = yaml_reader.read(places.declaration(dataset), dataset=dataset)
    except OpendataError as error:
        return "", DeclaredFacts(dataset, dataset, broken=error.what)
    if (
        not isinstance(declaration, dict)
        or not isinstance(declaration.get("tables"), list)
        or not declaration.get("title")
    ):
        return digest, DeclaredFacts(dataset, dataset, broken="it lacks a title or its tables")
    return digest, DeclaredFacts(
        dataset=dataset,
        title=_text(declaration, "title"),
        department=_text(declaration, "department"),
        topic=_text(declaration, "topic"),
        frequency=_text(declaration, "frequency") or "other",
        data_end=_text(declaration, "coverage", "end"),
        level=_level(declaration.get("permission")),
        steward=_text(declaration, "steward", "name"),
    )


def _text(declaration: Mapping[str, object], *path: str) -> str:
    """What stands at a place of the declaration, as text; empty where nothing does."""
    value: object = declaration
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return str(value or "")


def _level(answers: object) -> int | None:
    try:
        return decide_permission(PermissionAnswers.model_validate(answers)).level
    except ValidationError:
        return None
