"""The smallest world that still shows what a large one showed: for reading, and for the reproduction in a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.proof.worlds import Act, World

TRIES = 400


def shrunk(world: World, still: Callable[[World], bool], tries: int = TRIES) -> World:
    """``world`` without the refreshes, tables, measures, dimensions, filters and persons that ``still`` holds without."""
    goes_on = True
    while goes_on and tries:
        goes_on = False
        for smaller in _smaller(world):
            tries -= 1
            if still(smaller):
                world, goes_on = smaller, True
                break
            if not tries:
                break
    return world


def _smaller(world: World) -> Iterator[World]:
    acts = world.acts
    for number in range(len(acts)):
        if len(acts) > 1:
            yield replace(world, acts=(*acts[:number], *acts[number + 1 :]))
    for name in _names(acts):
        yield from _with_tables(world, lambda table, name=name: None if table["table"] == name else table)
        for number in range(4):
            yield from _with_tables(
                world, lambda t, name=name, n=number: _without(t, "dimensions", n) if t["table"] == name else t
            )
            yield from _with_tables(
                world, lambda t, name=name, n=number: _without(t, "measures", n) if t["table"] == name else t
            )
            yield from _with_tables(
                world, lambda t, name=name, n=number: _without(t, "filter", n) if t["table"] == name else t
            )
    yield from _with_fewer_persons(world)


def _names(acts: tuple[Act, ...]) -> list[str]:
    return sorted({t["table"] for act in acts for t in act.declaration["tables"]})


def _with_tables(world: World, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Iterator[World]:
    acts = []
    for act in world.acts:
        tables = [change(table) for table in act.declaration["tables"]]
        acts.append(replace(act, declaration=act.declaration | {"tables": [t for t in tables if t is not None]}))
    same = all(a.declaration == b.declaration for a, b in zip(acts, world.acts, strict=True))
    if not same and all(act.declaration["tables"] for act in acts):
        yield replace(world, acts=tuple(acts))


def _without(table: dict[str, Any], part: str, number: int) -> dict[str, Any]:
    parts = table.get(part, [])
    if number >= len(parts) or (part != "filter" and len(parts) == 1):
        return table
    rest = {k: v for k, v in table.items() if k != part}
    fewer = [*parts[:number], *parts[number + 1 :]]
    if part == "dimensions":
        gone = parts[number]["name"]
        rest["measures"] = [m for m in table["measures"] if gone not in m.get("within", ())]
    return rest | ({part: fewer} if fewer else {})


def _with_fewer_persons(world: World) -> Iterator[World]:
    persons = sorted({int(c) for act in world.acts for c in act.standing["client"]})
    size = len(persons)
    while size > 1:
        size = (size + 1) // 2
        for start in range(0, len(persons), size):
            gone = set(persons[start : start + size])
            if len(gone) < len(persons):
                yield replace(world, acts=tuple(_without_persons(act, gone) for act in world.acts))


def _without_persons(act: Act, gone: set[int]) -> Act:
    client = next((s for s, c in act.names.items() if c == "client"), "client")
    return replace(
        act,
        records=act.records[~act.records[client].isin(gone)],
        standing=act.standing[~act.standing["client"].isin(gone)],
    )
