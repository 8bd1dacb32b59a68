"""Complementary suppression of large cubes: the pattern, its proof, and the last gate.

The fast path beside the general engine: for one cube with all its margins, of any size up to some hundred thousand cells.
Same rules, same modes (DDG 2.0 §4.4.1 (2), (4)-(6), §4.4.3). Nothing is returned that :func:`verify_proof` did not pass:
every blank that may be small is proven by two whole-number tables no one can tell apart, the rule's width apart in it.
``separate`` codes are refused where some counts could be narrowed whatever else is hidden; the mode is never changed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from include.opendata.disclosure.protect.cube.bounds import Known
from include.opendata.disclosure.protect.cube.effort import Effort, effort_for
from include.opendata.disclosure.protect.cube.limits import limits
from include.opendata.disclosure.protect.cube.moves import moves_of
from include.opendata.disclosure.protect.cube.pattern import NoPattern, PatternSearch, Progress
from include.opendata.disclosure.protect.cube.proof import CubeProof, ProofCheck, verify_proof
from include.opendata.disclosure.protect.cube.table import CubeTable
from include.opendata.disclosure.protect.derived import COMPLEMENTARY
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.disclosure.protect.system import refuse_if_public
from include.opendata.errors import Refused
from include.opendata.rules.small_cells import SmallCellRule

ANNOTATIONS = ("separate", "combined")


class _Searches(Protocol):
    """Makes the search of a mode and run."""

    def __call__(self, mode: str, run: int = 0) -> PatternSearch: ...


@dataclass(frozen=True)
class CubeSuppression:
    """A pattern of blanks and its proof.

    ``codes`` int8, shape of the cube: 0 shown, 1 small, 2 complementary (also in combined mode, where only evidence may
    tell them apart; cells in no table are 0) · ``figures``: cells, published, zeros, small, complementary, given_back,
    tables, proof_bytes · ``check``: what the last gate measured.
    """

    codes: np.ndarray = field(repr=False)
    annotation: str
    seed: int
    proof: CubeProof
    check: ProofCheck
    figures: dict[str, int]


def suppress_cube(
    cube: CubeTable,
    *,
    rule: SmallCellRule,
    annotation: str,
    seed: int,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> CubeSuppression:
    """Hide the small cells of ``cube`` and what must go with them. Same arguments, same result. ``seed``: 0 or more.

    ``progress(stage, share done)`` is called now and then. Raises :class:`Refused` with slug "small-cell-already-public";
    "separate-codes-unsafe" with how many cells cannot be protected and what ``combined`` would hide;
    "no-safe-suppression" when nothing can.
    """
    if annotation not in ANNOTATIONS:
        raise ValueError(f"annotation is one of {ANNOTATIONS}")
    if cube.frozen is not None:
        refuse_if_public(cube.small(rule), cube.frozen)
    moves = moves_of(cube.axes)

    def search(mode: str, run: int = 0) -> PatternSearch:
        return PatternSearch(
            cube, moves, Policy(mode, rule, seed), run=run,
            effort=effort or effort_for(cube.size, mode, given=cube.given is not None), progress=progress,
        )  # fmt: skip

    if annotation == "combined":
        return _combined(search)
    before = search("separate")
    found = limits(before)
    if len(found.impossible):
        raise _unsafe(before, len(found.impossible), len(found.open), search)
    try:
        return _cheapest(search, "separate")
    except NoPattern as failed:
        raise _unsafe(before, 0, failed.cells, search) from None


def public_view(cube: CubeTable, codes: np.ndarray, *, rule: SmallCellRule, annotation: str) -> Known:
    """What is public of ``cube`` when ``codes`` are: no count that is blank or in no table."""
    shown = cube.is_published() & (codes == 0)
    return Known(
        values=np.where(shown, cube.values, 0),
        codes=codes,
        published=cube.is_published(),
        axes=cube.axes,
        annotation=annotation,
        rule=rule,
        persons_counted=cube.persons is not None,
        kept=cube.given,
    )


def _combined(search: _Searches) -> CubeSuppression:
    try:
        return _cheapest(search, "combined")
    except NoPattern as failed:
        raise Refused(
            f"{failed.cells} hidden counts or groups cannot be protected by any pattern that was tried "
            f"({int(search('combined').small.sum())} small cells).",
            remedy="Publish a coarser table: fewer categories, more years together, or one dimension fewer.",
            slug="no-safe-suppression",
        ) from None


def _cheapest(search: _Searches, mode: str) -> CubeSuppression:
    """The cheapest pattern of all runs (the first that is safe, where one is given); raises NoPattern if none is safe."""
    best: tuple[int, CubeSuppression] | None = None
    failures = []
    for run in range(search(mode).effort.runs):
        attempt = search(mode, run)
        try:
            done = _proven(attempt)
        except NoPattern as failed:
            failures.append(failed)
            continue
        if best is None or attempt.bill < best[0]:
            best = attempt.bill, done
        if attempt.given.any():
            break
    if best is None:
        raise min(failures, key=lambda failed: failed.cells)
    return best[1]


def _proven(search: PatternSearch) -> CubeSuppression:
    """Run ``search`` and let the last gate check what it says; raises NoPattern if either finds fault."""
    cube = search.cube
    proof = search.run()
    codes = search.known(search.hidden).codes
    view = public_view(cube, codes, rule=search.rule, annotation=search.annotation)
    search.progress("verify", 0.0)
    check = verify_proof(view, proof)
    if not check.passed:
        raise NoPattern(check.unproven + check.open_sums + check.disagreeing)
    search.progress("verify", 1.0)
    figures = {
        "cells": cube.size,
        "published": int(cube.is_published().sum()),
        "zeros": int(((cube.values == 0) & cube.is_published()).sum()),
        "small": int(search.small.sum()),
        "complementary": int((codes == COMPLEMENTARY).sum()),
        "given_back": search.given_back,
        "tables": len(proof.tables),
        "proof_bytes": len(proof.to_bytes()),
    }
    return CubeSuppression(codes, search.annotation, search.seed, proof, check, figures)


def _unsafe(separate: PatternSearch, impossible: int, undecided: int, search: _Searches) -> Refused:
    """``impossible`` cells stay narrow whatever else is hidden; ``undecided`` ones in every pattern that was tried."""
    small = int(separate.small.sum())
    details = [f"impossible: {impossible}", f"undecided: {undecided}", f"small: {small}"]
    try:
        combined = _combined(search).figures
    except Refused:
        instead = "Combined codes would not do either: publish a coarser table."
    else:
        details.append(f"complementary with combined codes: {combined['complementary']}")
        instead = (
            f"With `annotation: combined` {combined['small']} small and {combined['complementary']} complementary cells "
            "would be hidden and all are proven safe; or publish a coarser table."
        )
    if impossible:
        what = f"With separate codes {impossible} of {small} small cells can be narrowed down whatever else is hidden"
        what += f", and {undecided} more could not be decided." if undecided else "."
    else:
        what = (
            f"With separate codes {undecided} of {small} small cells or their groups stay open in every pattern "
            "that was tried."
        )
    return Refused(
        what + " The codes themselves say too much.",
        remedy=instead,
        slug="separate-codes-unsafe",
        details=tuple(details),
    )
