"""What a page about many datasets needs from their declarations: title, owner, promised frequency, permission level.

A thousand declarations are not parsed for a page: what was read once is kept under the digest of its bytes, in this process
and in the cache folder. Whether a declaration is sound in every part is ``bin/opendata check``'s matter; here one that cannot
even be read is told as such, for it is the first thing to be mended.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from include.opendata import places, yaml_reader
from include.opendata.declaration.kept import digest_of, read_kept, write_kept
from include.opendata.declaration.light import declared_ids
from include.opendata.errors import OpendataError
from include.opendata.gate.permission import decide_permission
from include.opendata.pipeline.provenance import code_version
from include.opendata.rules.answers import PermissionAnswers

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


_KNOWN: dict[str, tuple[tuple[int, int], DeclaredFacts]] = {}


def declared_facts() -> list[DeclaredFacts]:
    """Of all declared datasets, sorted by their ids."""
    found: dict[str, DeclaredFacts] = {}
    stamps: dict[str, tuple[int, int]] = {}
    missing = []
    for dataset in declared_ids():
        try:
            stat = places.declaration(dataset).stat()
            stamps[dataset] = (stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            continue  # taken away in this moment
        except OSError:
            stamps[dataset] = (0, 0)  # it may not be looked at; the reader says so
        path = str(places.declaration(dataset))
        known = _KNOWN.get(path)
        if known is not None and known[0] == stamps[dataset]:
            found[dataset] = known[1]
        else:
            missing.append(dataset)
    if missing:
        key = code_version()  # the level follows from the rules too, not from the declaration alone
        kept = read_kept(FILE, key)
        read = {dataset: _of(dataset, kept) for dataset in missing}
        for dataset, (_, facts) in read.items():
            _KNOWN[str(places.declaration(dataset))] = (stamps[dataset], facts)
            found[dataset] = facts
        write_kept(FILE, key, kept | {digest: dataclasses.asdict(facts) for digest, facts in read.values() if digest})
    return [found[dataset] for dataset in sorted(found)]


def facts_of(dataset: str) -> DeclaredFacts:
    """Of one dataset."""
    return _of(dataset, {})[1]


def _of(dataset: str, kept: dict[str, dict[str, Any]]) -> tuple[str, DeclaredFacts]:
    digest = digest_of(dataset) or ""
    if digest in kept:
        return digest, DeclaredFacts(**kept[digest])
    try:
        data, _ = yaml_reader.read(places.declaration(dataset), dataset=dataset)
    except OpendataError as error:
        return "", DeclaredFacts(dataset, dataset, broken=error.what)
    if not isinstance(data, dict) or not isinstance(data.get("tables"), list) or not data.get("title"):
        return digest, DeclaredFacts(dataset, dataset, broken="it lacks a title or its tables")
    steward, coverage = data.get("steward"), data.get("coverage")
    return digest, DeclaredFacts(
        dataset=dataset,
        title=str(data["title"]),
        department=str(data.get("department") or ""),
        topic=str(data.get("topic") or ""),
        frequency=str(data.get("frequency") or "other"),
        data_end=str(coverage.get("end") or "") if isinstance(coverage, dict) else "",
        level=_level(data.get("permission")),
        steward=str(steward.get("name") or "") if isinstance(steward, dict) else "",
    )


def _level(answers: Any) -> int | None:
    try:
        return decide_permission(PermissionAnswers.model_validate(answers)).level
    except ValidationError:
        return None
