"""The same tables protected by tau-ARGUS and by us, and both patterns attacked.

tau-ARGUS (PyPI ``pytauargus``) is the tool statistical offices use. It gets the finished table, with its totals, and hides
by its modular method: small counts are primary, every protection of singletons is on, the protection interval is a
percentage of the count. Its zeros stay shown, as ours do. The attacker is the one of our last gate: a blank is at least 1.

*exact*: small counts hidden that can only have one value · *narrow*: further ones with too little between their smallest
and largest possible value · *undecided* by the attack within its limits · *sums*: groups of blanks whose sum is small and
can be added up from what is shown (DDG 2.0 §4.4.1 (6)), a rule tau-ARGUS does not know. Its native part keeps global state
and has no total time limit, so each table has a process of its own, ended when its time is over.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import synthetic
from include.opendata import places
from include.opendata.disclosure.attack import BLANK, NOT_SHOWN, RECOVERABLE, SHOWN, UNDECIDED, PublishedView, attack
from include.opendata.disclosure.protect.cube import Axis, CubeTable, suppress_cube
from include.opendata.errors import InputError, OpendataError, Refused

TABLES = ("t3", "t4")
RANGES = (30, 100)
"""Percent of a count that its protection interval reaches up and down: what is commonly asked for, and the most."""
MINUTES_PER_SUBTABLE = 5
TOTAL = "Total"
PRIMARY, SECONDARY = "U", "M"
HEAD = (
    "table", "tool", "cells", "primary", "secondary", "seconds",
    "exact", "narrow", "undecided", "sums", "attack s",
)  # fmt: skip
WIDTHS = (5, 16, 7, 7, 9, 8, 6, 6, 9, 5, 8)


@dataclass(frozen=True)
class Pattern:
    """``hidden`` bool, shape of the cube · ``primary`` how many of them for being small · ``seconds`` it took."""

    hidden: np.ndarray
    primary: int
    seconds: float


@dataclass(frozen=True)
class Leaks:
    """Small counts hidden in vain, disjoint: ``exact`` and ``narrow``; ``undecided`` cells and sums; open ``sums``."""

    exact: int
    narrow: int
    undecided: int
    sums: int
    seconds: float


def require_installed() -> None:
    """Raises :class:`InputError` if tau-ARGUS is not there."""
    if importlib.util.find_spec("pytauargus") is None:
        raise InputError(
            "pytauargus, the tool to compare with, is not installed.",
            remedy="Run `make bench`, which installs it.",
            slug="tau-argus-missing",
        )


def by_tau_argus(cube: CubeTable, percent: int, limit: int) -> Pattern | None:
    """What tau-ARGUS hides of a cube of flat axes; None if it was not done after ``limit`` seconds.

    Raises :class:`InputError` if it failed, or if its answer does not fit the cube.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_batch(cube, percent, place)
        command = [sys.executable, "-m", "bench.tau_argus", "--protect", str(place)]
        # its engine leaves files of its own where it runs
        environment = {**os.environ, "PYTHONPATH": str(places.ROOT)}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=limit, check=False, cwd=place, env=environment
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise _unusable(f"ended with code {done.returncode}", tuple(said[-1:]))
        seconds = json.loads((place / "seconds.json").read_text(encoding="utf-8"))
        return read_pattern(cube, (place / "protected.tab").read_text(encoding="utf-8"), seconds)


def _unusable(why: str, details: tuple[str, ...] = ()) -> InputError:
    return InputError(
        f"tau-ARGUS {why}.",
        remedy="Run this table alone and look at what it says.",
        slug="tau-argus-failed",
        details=details,
    )


def write_batch(cube: CubeTable, percent: int, place: Path) -> None:
    """The cube as a table of tau-ARGUS, its description and the batch that protects it, as files in ``place``."""
    columns = [f"D{number}" for number in range(1, cube.values.ndim + 1)]
    quoted = "".join(f'"{column}"' for column in columns)
    codes = _codes(cube)
    rows = (
        ";".join([*(codes[a][node] for a, node in enumerate(at)), str(count), str(count)])
        for at, count in np.ndenumerate(cube.values)
    )
    described = [f'{column}\n  <RECODEABLE>\n  <TOTCODE> "{TOTAL}"' for column in columns]
    described += ["Count\n  <NUMERIC>\n  <DECIMALS> 0", "Persons\n  <FREQUENCY>"]
    batch = [
        '<OPENTABLEDATA> "table.tab"',
        '<OPENMETADATA> "table.rda"',
        f'<SPECIFYTABLE> {quoted}|"Count"|""|""',
        f"<SAFETYRULE> FREQ({synthetic.RULE.below},{percent})",
        "<READTABLE>",
        f"<SUPPRESS> MOD(1,{MINUTES_PER_SUBTABLE},1,1,1)",
        '<WRITETABLE> (1,5,SO+,"protected.tab")',
    ]
    for name, lines in (
        ("table.tab", rows),
        ("table.rda", ['<SEPARATOR> ";"', *described]),
        ("batch.arb", batch),
    ):
        (place / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _codes(cube: CubeTable) -> list[list[str]]:
    """Per axis the code of every node: numbers, and one word for the total."""
    if any(len(axis.children) != 1 for axis in cube.axes):
        raise ValueError("only flat axes are compared")
    return [[TOTAL if node == axis.root else f"{node:04d}" for node in range(axis.nodes)] for axis in cube.axes]


def read_pattern(cube: CubeTable, text: str, seconds: float) -> Pattern:
    """The pattern in what tau-ARGUS wrote: per line the codes, count, persons, cost, status and two bounds.

    Raises :class:`InputError` unless every cell is there once, all small counts are primary and no zero is hidden.
    """
    node_of = [{code: node for node, code in enumerate(codes)} for codes in _codes(cube)]
    status = np.full(cube.values.shape, "", dtype="<U1")
    axes = cube.values.ndim
    for line in text.splitlines():
        fields = [part.strip().strip('"') for part in line.split(";")]
        at = tuple(node_of[a].get(code, -1) for a, code in enumerate(fields[:axes]))
        if len(fields) != axes + 6 or -1 in at or status[at]:
            raise _unusable("wrote a line that is no cell of the table, or is one twice")
        status[at] = fields[-3]
    primary, hidden = status == PRIMARY, np.isin(status, (PRIMARY, SECONDARY))
    if (status == "").any() or (primary != cube.small(synthetic.RULE)).any() or (hidden & (cube.values == 0)).any():
        raise _unusable("left out cells, hid zeros, or took other counts for small than those under 11")
    return Pattern(hidden, int(primary.sum()), seconds)


def by_us(cube: CubeTable, seed: int) -> Pattern | None:
    """What we hide, proof included, one code for every blank; None if it was refused."""
    started = time.perf_counter()
    try:
        done = suppress_cube(cube, rule=synthetic.RULE, annotation="combined", seed=seed)
    except Refused:
        return None
    return Pattern(done.codes != 0, int(cube.small(synthetic.RULE).sum()), time.perf_counter() - started)


def view_of(cube: CubeTable, hidden: np.ndarray) -> PublishedView:
    """What the public sees: every cell but the ``hidden``, which all carry the same code, and all sums."""
    number = np.arange(cube.size).reshape(cube.values.shape)
    equations = []
    for a, axis in enumerate(cube.axes):
        along = np.moveaxis(number, a, 0).reshape(axis.nodes, -1)
        for node, parts in axis.children:
            equations += [(int(column[node]), tuple(column[parts].tolist())) for column in along.T]
    return PublishedView(
        value=np.where(hidden, NOT_SHOWN, cube.values).ravel(),
        state=np.where(hidden, BLANK, SHOWN).ravel(),
        equations=tuple(equations),
        keys=tuple(np.ndindex(cube.values.shape)),
        places=tuple(itertools.product(*(_beneath(axis) for axis in cube.axes))),
        rule=synthetic.RULE,
    )


def _beneath(axis: Axis) -> list[tuple[int, ...]]:
    """Per node the categories it stands for."""
    return [tuple(leaf for leaf in axis.leaves.tolist() if node in axis.path(leaf)) for node in range(axis.nodes)]


def leaks(view: PublishedView, seconds: float) -> Leaks:
    """What the attacker finds out; ``seconds``: limit, after which what is open is undecided."""
    started = time.perf_counter()
    found = attack(view, seconds=seconds)
    within = {cell.cell for cell in found.cells if cell.verdict == RECOVERABLE}
    exact: set[int] = set()
    if within:
        strict = attack(replace(view, rule=view.rule.model_copy(update={"width": 1})), seconds=seconds)
        exact = {cell.cell for cell in strict.cells if cell.verdict == RECOVERABLE} & within
    return Leaks(
        exact=len(exact),
        narrow=len(within - exact),
        undecided=found.figures[UNDECIDED],
        sums=sum(group.verdict == RECOVERABLE for group in found.groups),
        seconds=time.perf_counter() - started,
    )


def _row(table: str, tool: str, cube: CubeTable, pattern: Pattern | None, failed: str, limit: float) -> str:
    """One line of the comparison; without a pattern it says why."""
    if pattern is None:
        return _line((table, tool, f"{cube.size:,}", f"{int(cube.small(synthetic.RULE).sum()):,}", failed))
    found = leaks(view_of(cube, pattern.hidden), limit)
    return _line(
        (
            table, tool, f"{cube.size:,}", f"{pattern.primary:,}", f"{int(pattern.hidden.sum()) - pattern.primary:,}",
            f"{pattern.seconds:.2f}", str(found.exact), str(found.narrow), str(found.undecided), str(found.sums),
            f"{found.seconds:.1f}",
        )
    )  # fmt: skip


def _line(columns: Sequence[str]) -> str:
    cells = enumerate(zip(columns, WIDTHS, strict=False))
    return "  ".join(text.ljust(width) if i < 2 else text.rjust(width) for i, (text, width) in cells)


def _protect(place: Path) -> None:
    """In a process of its own: run the batch, and write down how long it took."""
    from pytauargus.engine import run_batch

    started = time.perf_counter()
    run_batch(place / "batch.arb")
    (place / "seconds.json").write_text(json.dumps(time.perf_counter() - started), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Compare and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench tau-argus", description=__doc__)
    parser.add_argument("--tables", default=",".join(TABLES), help="some of t3,t4,t5")
    parser.add_argument("--ranges", default=",".join(map(str, RANGES)), help="percentages for tau-ARGUS")
    parser.add_argument("--seed", type=int, default=0, help="0 gives the tables of the documentation")
    parser.add_argument("--seconds", type=int, default=180, help="limit for tau-ARGUS, per table and range")
    parser.add_argument("--attack-seconds", type=float, default=300, help="limit for the attack on one pattern")
    parser.add_argument("--protect", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.protect:
        _protect(chosen.protect)
        return 0
    names, ranges = chosen.tables.split(","), chosen.ranges.split(",")
    if not set(names) <= set(synthetic.SHAPES) or not all(percent.isdecimal() for percent in ranges):
        parser.error("unknown table, or a range that is no whole number")
    try:
        require_installed()
        by_us(synthetic.many(99, 1)[0], 0)  # compiling, or loading what was compiled before, is not what is measured
        print(_line(HEAD), flush=True)
        for name in names:
            cube = synthetic.table(name, chosen.seed)
            limit = chosen.attack_seconds
            pattern = by_us(cube, chosen.seed)
            print(_row(name, "ours", cube, pattern, "refused", limit), flush=True)
            for percent in sorted(map(int, ranges)):
                pattern = by_tau_argus(cube, percent, chosen.seconds)
                failed = f"not finished in {chosen.seconds} s"
                print(_row(name, f"tau-ARGUS {percent} %", cube, pattern, failed, limit), flush=True)
                if pattern is None:
                    break  # a wider range takes longer still
    except OpendataError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
