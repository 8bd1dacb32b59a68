"""`make soak`: thousands of random worlds, side by side on the processors, with progress; red where anything comes out.

    python -m tests.proof.soak --seeds 0-2000 [--kinds count,filter,…] [--side-by-side 2]

A world is told by its seed and the kinds of things it is made of: `--seeds 131-132` makes the same one again, and `--shrink`
shows the smallest world that still leaks as the first of these seeds does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.proof.product import CRASH, publish
from tests.proof.shrink import shrunk
from tests.proof.verdict import Verdict, judge, judged
from tests.proof.worlds import EVERY, World, world

EVERY_SECONDS = 30.0


@dataclass
class Figures:
    """What came out of many worlds."""

    worlds: int = 0
    published: int = 0
    blanks: int = 0
    undecided: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    """Cause → worlds that leak by it."""
    leaks: int = 0
    crashes: int = 0

    def add(self, verdict: Verdict) -> None:
        """One world more."""
        self.worlds += 1
        self.published += verdict.releases
        self.blanks += verdict.targets
        self.undecided += bool(verdict.odd)
        self.refusals.update(slug for slug in verdict.refused if not slug.startswith(CRASH))
        self.crashes += any(slug.startswith(CRASH) for slug in verdict.refused)
        self.causes.update(set(verdict.causes))
        self.leaks += len(verdict.leaks)

    @property
    def red(self) -> bool:
        """Whether a hidden count came out, or the product broke down."""
        return bool(self.leaks or self.crashes)

    def lines(self) -> list[str]:
        """The figures in words."""
        by_slug = [f"    {number:6} {slug}" for slug, number in self.refusals.most_common()]
        by_cause = [f"    {number:6} worlds leak by {cause}" for cause, number in self.causes.most_common()]
        return [
            f"{self.worlds} worlds, {self.published} releases published, {self.blanks} hidden figures looked at",
            f"{self.leaks} of them come out, {self.crashes} worlds crash, {self.undecided} are undecided",
            *by_cause,
            f"{sum(self.refusals.values())} refreshes refused:",
            *by_slug,
        ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worlds that are asked for; 1 where something came out."""
    asked = _parser().parse_args(arguments)
    first, _, last = asked.seeds.partition("-")
    seeds, kinds = range(int(first), int(last or int(first) + 1)), tuple(asked.kinds.split(","))
    if asked.shrink:
        _show_smallest(seeds[0], kinds)
        return 0
    figures, begun, told = Figures(), time.monotonic(), time.monotonic()
    with multiprocessing.get_context("spawn").Pool(asked.side_by_side, maxtasksperchild=50) as pool:
        for verdict in pool.imap_unordered(_judged, ((seed, kinds) for seed in seeds)):
            figures.add(verdict)
            for line in _worth_telling(verdict):
                print(line, flush=True)
            if time.monotonic() - told > EVERY_SECONDS:
                told = time.monotonic()
                print(_progress(figures, len(seeds), told - begun), flush=True)
    print("\n".join(figures.lines()))
    print(f"{time.monotonic() - begun:.0f} seconds on {asked.side_by_side} processors")
    return int(figures.red)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.soak", description=__doc__)
    parser.add_argument("--seeds", default="0-2000", help="the first, and one after the last: 0-2000")
    parser.add_argument("--kinds", default=",".join(EVERY), help="what the worlds may be made of")
    parser.add_argument("--side-by-side", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument(
        "--shrink", action="store_true", help="show the smallest world that leaks as the first seed does"
    )
    return parser


def _judged(of: tuple[int, tuple[str, ...]]) -> Verdict:
    return judged(*of)


def _progress(figures: Figures, worlds: int, seconds: float) -> str:
    left = seconds / figures.worlds * (worlds - figures.worlds)
    return f"{figures.worlds} of {worlds} worlds, {figures.leaks} leaks; about {left / 60:.0f} minutes to go"


def _worth_telling(verdict: Verdict) -> Iterable[str]:
    seed = f"seed {verdict.seed} ({', '.join(verdict.kinds)})"
    yield from (f"{seed}: LEAK by {c}: {f}" for f, c in zip(verdict.leaks[:3], verdict.causes, strict=False))
    yield from (f"{seed}: {slug}" for slug in verdict.refused if slug.startswith(CRASH))
    if verdict.odd:
        yield f"{seed}: {verdict.odd}"


def _show_smallest(seed: int, kinds: tuple[str, ...]) -> None:
    whole = world(seed, kinds)
    first = judge(whole, publish(whole))
    if not first.leaks:
        print(f"seed {seed} does not leak")
        return

    def still(smaller: World) -> bool:
        return first.causes[0] in judge(smaller, publish(smaller)).causes

    small = shrunk(whole, still)
    outcome = publish(small)
    for number, act in enumerate(small.acts):
        print(f"-- refresh {number} of {act.dataset}: {act.declaration['tables']}")
        print(act.records.to_csv(index=False))
    for published in outcome.published:
        for name, text in published.files.items():
            print(f"-- {published.release} {name}\n{text}")
    for finding in judge(small, outcome).leaks:
        print(finding)


if __name__ == "__main__":
    sys.exit(main())
