"""How long protecting large cubes takes, and how many cells it costs.

Each row is measured in a process of its own (so that its peak memory is its own), on synthetic tables anyone can make
again (``bench.synthetic``). Seconds are suppression and the complete integer proof, by the clock and of the processor;
compiling, or loading what an earlier run compiled, is reported apart. A mode that cannot be made safe is refused, with
the number of cells shown impossible; the seconds then include finding what combined codes would hide.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import synthetic
from bench.apart import apart

MODES = ("combined", "separate")
NAMES = (*synthetic.TABLES, "many")
HEAD = (
    "table",
    "seed",
    "mode",
    "cells",
    "primaries",
    "complements",
    "seconds",
    "cpu s",
    "proven",
    "impossible",
    "undecided",
    "MB",
)


@dataclass(frozen=True)
class Measurement:
    """One row; ``None`` where a refusal leaves nothing to count. ``load`` seconds: compiling or loading the compiled."""

    table: str
    seed: int
    mode: str
    cells: int
    primaries: int
    complements: int | None
    seconds: float
    processor: float
    proven: int | None
    impossible: int
    undecided: int
    megabytes: int
    load: float

    def columns(self) -> tuple[str, ...]:
        return (
            self.table, str(self.seed), self.mode, f"{self.cells:,}", f"{self.primaries:,}", _or_refused(self.complements),
            f"{self.seconds:.2f}", f"{self.processor:.2f}", _or_refused(self.proven), str(self.impossible), str(self.undecided),
            str(self.megabytes),
        )  # fmt: skip


def _or_refused(count: int | None) -> str:
    return "refused" if count is None else f"{count:,}"


def measure(name: str, seed: int, mode: str) -> Measurement:
    """One table, or the 500 of ``many`` one after another."""
    from include.opendata.disclosure.protect.cube import suppress_cube
    from include.opendata.errors import Refused

    started = time.perf_counter()
    for warm in synthetic.many(99, 2):
        for every in MODES:
            try:
                suppress_cube(warm, rule=synthetic.RULE, annotation=every, seed=0)
            except Refused:
                continue
    load = time.perf_counter() - started
    cubes = synthetic.many(seed) if name == "many" else [synthetic.table(name, seed)]
    complements, proven, refused, impossible, undecided = 0, 0, 0, 0, 0
    started, processor_before = time.perf_counter(), time.process_time()
    for cube in cubes:
        try:
            done = suppress_cube(cube, rule=synthetic.RULE, annotation=mode, seed=seed)
        except Refused as refusal:
            found = dict(detail.split(": ") for detail in refusal.details)
            impossible += int(found["impossible"])
            undecided += int(found["undecided"])
            refused += 1
            continue
        assert done.check.passed
        complements += done.figures["complementary"]
        proven += done.figures["small"]
    seconds, processor = time.perf_counter() - started, time.process_time() - processor_before
    nothing = refused == len(cubes)
    return Measurement(
        name if not refused or nothing else f"{name} ({refused} refused)", seed, mode, sum(c.size for c in cubes),
        sum(int(c.small(synthetic.RULE).sum()) for c in cubes), None if nothing else complements, seconds, processor,
        None if nothing else proven, impossible, undecided,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, load,
    )  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench disclosure", description=__doc__)
    parser.add_argument("--tables", default=",".join(NAMES), help=f"some of {','.join(NAMES)}")
    parser.add_argument("--seeds", default="0", help="comma-separated; 0 gives the tables of the documentation")
    parser.add_argument("--modes", default=",".join(MODES), help=f"some of {','.join(MODES)}")
    chosen = parser.parse_args(arguments)
    names, modes = chosen.tables.split(","), chosen.modes.split(",")
    if not set(names) <= set(NAMES) or not set(modes) <= set(MODES):
        parser.error("unknown table or mode")
    widths = [17, 4, 8, 8, 9, 11, 8, 8, 8, 10, 9, 5]

    def line(columns: Sequence[str]) -> str:
        cells = enumerate(zip(columns, widths, strict=True))
        return "  ".join(text.ljust(width) if i in (0, 2) else text.rjust(width) for i, (text, width) in cells)

    print(line(HEAD), flush=True)
    loads = []
    for name in names:
        for seed in chosen.seeds.split(","):
            for mode in modes:
                found = apart(measure, name, int(seed), mode)
                loads.append(found.load)
                print(line(found.columns()), flush=True)
    print(
        f"compiling, or loading what was compiled before: {loads[0]:.1f} s for the first row, at least {min(loads):.1f} s"
    )
    return 0
