"""One world from beginning to end: made, published by the product, read by the outsider."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from tests.proof.guards import without
from tests.proof.outsider import Common, Contradiction, Finding, Outsider, Published, Target, TooLarge, Undecided
from tests.proof.product import Outcome, publish
from tests.proof.worlds import World, persons_in, unknowns, world


@dataclass
class Verdict:
    """What became of a world. ``blanks``: figures looked at, because they are hidden and truly small."""

    seed: int
    kinds: tuple[str, ...] = ()
    releases: int = 0
    refused: tuple[str, ...] = ()
    blanks: int = 0
    targets: int = 0
    leaks: list[Finding] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    """Of each leak, the least that has to be known (``CAUSES``)."""
    odd: str = ""
    """Not decided, or a reading that the truth contradicts."""
    seconds: float = 0.0


def judged(seed: int, kinds: Iterable[str], broken: Iterable[str] = ()) -> Verdict:
    """Make, publish and read the world of a seed; ``broken``: guards the product is without."""
    begun = time.perf_counter()
    made = world(seed, kinds)
    with without(broken):
        outcome = publish(made)
    verdict = judge(made, outcome)
    verdict.seconds = time.perf_counter() - begun
    return verdict


def judge(made: World, outcome: Outcome) -> Verdict:
    """Read what was published of a world."""
    verdict = Verdict(made.seed, made.kinds, len(outcome.published), outcome.refused)
    if not outcome.published:
        return verdict
    try:
        _read(made, outcome, verdict)
    except (Contradiction, TooLarge, Undecided) as odd:
        verdict.odd = f"{type(odd).__name__}: {odd}"
    return verdict


def _read(made: World, outcome: Outcome, verdict: Verdict) -> None:
    outsider = _outsider(made.common, outcome.published)
    standing = {f"r{number}": act.standing for number, act in enumerate(made.acts)}
    below = {f"r{number}": act.declaration.get("small_cells_below", 11) for number, act in enumerate(made.acts)}
    truths = {p.release: unknowns(outsider.finest, standing[p.release]) for p in outcome.published}
    for release, truth in truths.items():
        if broken := outsider.agree(truth, release):
            verdict.odd = f"{len(broken)} statements are not true, the first: {broken[0]}"
            return

    def small(target: Target, truth: np.ndarray) -> bool:
        value = outsider.finest.row(target.terms) @ truth
        is_small = 1 <= value < below[target.release]
        if not is_small and target.persons_behind is not None and value:
            is_small = 1 <= persons_in(standing[target.release], target.persons_behind) < below[target.release]
        if is_small:
            verdict.targets += 1
            verdict.blanks += target.kind == "blank"
        return is_small

    verdict.leaks = outsider.leaks(truths, small)
    verdict.causes = [_cause(made, outcome, finding) for finding in verdict.leaks]


def _outsider(common: Common, published: Sequence[Published]) -> Outsider:
    outsider = Outsider(common, published)
    outsider.strays = 2.0
    return outsider


CAUSES = (
    "a table by itself",
    "ties of columns",
    "relations of measures",
    "earlier or later releases",
    "another dataset",
)


def _cause(made: World, outcome: Outcome, finding: Finding) -> str:
    """The least of CAUSES that suffices for a leak: each knows what those before it know, and more."""
    release = finding.target.release
    dataset = next(p.declaration["dataset"] for p in outcome.published if p.release == release)
    only = [p for p in outcome.published if p.release == release]
    same = [p for p in outcome.published if p.declaration["dataset"] == dataset]
    no_relations = replace(made.common, flags=frozenset(), ordered=(), added=(), residents=frozenset(), at_least={})
    no_ties = replace(no_relations, ties=())
    for name, common, published in zip(
        CAUSES, (no_ties, no_relations, made.common, made.common), (only, only, only, same), strict=False
    ):
        if _leaks_with(common, published, finding.target, made.acts[int(release[1:])].standing):
            return name
    return CAUSES[-1]


def _leaks_with(common: Common, published: Sequence[Published], target: Target, standing: pd.DataFrame) -> bool:
    outsider = _outsider(common, published)
    same = [t for t in outsider.targets if (t.kind, t.where) == (target.kind, target.where)]
    truth = unknowns(outsider.finest, standing)
    return bool(outsider.leaks({target.release: truth}, lambda t, _: t in same))
