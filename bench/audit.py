"""How long it takes an attacker to audit what we protected, beside how long protecting it took.

Each row is measured in a process of its own, on synthetic tables anyone can make again (``bench.synthetic``). The auditor
gets what is published and nothing else: shown counts, codes, and which cells add up to which; setting up the equations is
part of the time. Seconds are of the processor, for both sides, so that a busy machine does not tilt the ratio; compiling,
or loading what an earlier run compiled, is reported apart. A mode that is refused leaves nothing to audit.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench import synthetic
from bench.apart import apart
from bench.tau_argus import view_of
from include.opendata.disclosure.attack import (
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    SHOWN,
    UNDECIDED,
    PublishedView,
    attack,
)
from include.opendata.disclosure.attack.large.attack_large import attack_large
from include.opendata.disclosure.protect.cube import CubeTable, suppress_cube
from include.opendata.errors import Refused

ROWS = ("t3:combined", "t3:separate", "t4:combined", "t4h:combined", "t5:combined")
SEEDS = (0, 1, 2)
ONE_SEED = ("t5",)
"""Tables measured for the first seed alone, unless seeds are asked for."""
AIM = {"combined": 2.0, "separate": 3.0}
"""Audit over protection, at most."""
HEAD = (
    "table", "seed", "mode", "blanks", "protect s", "audit s", "ratio", "aim",
    "witness", "bounds", "recoverable", "undecided",
)  # fmt: skip
WIDTHS = (5, 4, 8, 7, 9, 8, 6, 4, 8, 7, 11, 9)


@dataclass(frozen=True)
class Measurement:
    """One row, seconds of the processor; ``verdicts``: how many blanks and groups have which, None if it was refused."""

    table: str
    seed: int
    mode: str
    blanks: int
    protecting: float
    auditing: float
    verdicts: dict[str, int] | None
    load: float

    @property
    def ratio(self) -> float:
        """Auditing over protecting."""
        return self.auditing / self.protecting

    def columns(self) -> tuple[str, ...]:
        """The row as it is printed."""
        named = self.table, str(self.seed), self.mode
        if self.verdicts is None:
            return (*named, "refused", f"{self.protecting:.2f}")
        counts = (self.verdicts[verdict] for verdict in (SAFE_WITNESS, SAFE_LP, RECOVERABLE, UNDECIDED))
        return (
            *named, f"{self.blanks:,}", f"{self.protecting:.2f}", f"{self.auditing:.2f}", f"{self.ratio:.2f}",
            f"{AIM[self.mode]:.0f}", *(f"{count:,}" for count in counts),
        )  # fmt: skip


def published(cube: CubeTable, codes: np.ndarray, mode: str) -> PublishedView:
    """What the public sees of ``cube`` when the cells with ``codes`` (0 shown, 1 small, 2 complementary) are hidden."""
    view = view_of(cube, codes != 0)
    if mode == "combined":
        return view
    state_of = {0: SHOWN, 1: CODE_SMALL, 2: CODE_COMPLEMENTARY}
    assert (view.state == np.where(codes.ravel() == 0, SHOWN, BLANK)).all()
    return replace(view, state=np.array([state_of[code] for code in codes.ravel().tolist()]))


def measure(name: str, seed: int, mode: str) -> Measurement:
    """Protect one table and audit it."""
    load = _load()
    cube = synthetic.table(name, seed)
    started = time.process_time()
    try:
        done = suppress_cube(cube, rule=synthetic.RULE, annotation=mode, seed=seed)
    except Refused:
        return Measurement(name, seed, mode, 0, time.process_time() - started, 0.0, None, load)
    protecting = time.process_time() - started
    started = time.process_time()
    report = attack(published(cube, done.codes, mode))
    auditing = time.process_time() - started
    return Measurement(name, seed, mode, report.figures["blanks"], protecting, auditing, report.figures, load)


def _load() -> float:
    """Seconds it takes until both sides are compiled, or loaded."""
    started = time.perf_counter()
    warm = synthetic.many(99, 1)[0]
    attack_large(
        published(warm, suppress_cube(warm, rule=synthetic.RULE, annotation="combined", seed=0).codes, "combined")
    )
    return time.perf_counter() - started


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench audit", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated, each TABLE:MODE")
    parser.add_argument("--seeds", help="comma-separated; 0 gives the tables of the documentation")
    chosen = parser.parse_args(arguments)
    rows = [tuple(row.partition(":")[::2]) for row in chosen.rows.split(",")]
    if not all(name in synthetic.TABLES and mode in AIM for name, mode in rows):
        parser.error("unknown table or mode")
    print(_line(HEAD), flush=True)
    loads = []
    for name, mode in rows:
        seeds = [int(seed) for seed in chosen.seeds.split(",")] if chosen.seeds else SEEDS
        for seed in seeds[:1] if name in ONE_SEED and not chosen.seeds else seeds:
            found = apart(measure, name, seed, mode)
            loads.append(found.load)
            print(_line(found.columns()), flush=True)
    print(
        f"compiling, or loading what was compiled before: {loads[0]:.1f} s for the first row, at least {min(loads):.1f} s"
    )
    return 0


def _line(columns: Sequence[str]) -> str:
    cells = enumerate(zip(columns, WIDTHS, strict=False))
    return "  ".join(text.ljust(width) if i in (0, 2) else text.rjust(width) for i, (text, width) in cells)
