"""How a dataset's tables are protected, as its declaration and the criteria have it, and the search by that policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.suppress import Suppression, suppress
from include.opendata.disclosure.system import CellSystem


@dataclass(frozen=True)
class Policy:
    """How a dataset's tables are protected: declared beforehand, never chosen by looking at the result.

    ``annotation`` separate or combined · ``threshold`` counts from 1 to one less are small · ``seed`` breaks near-ties ·
    ``unstable_below``: for a survey, estimates over fewer cases are blank with code 4; None for a full count.
    """

    annotation: str
    threshold: int
    seed: int
    unstable_below: int | None = None


def search(system: CellSystem, small: np.ndarray, policy: Policy, frozen: np.ndarray | None = None) -> Suppression:
    """A safe pattern that hides ``small`` and nothing of ``frozen`` (bool[n]). Raises what ``suppress`` raises."""
    return suppress(
        system,
        small,
        annotation=policy.annotation,
        threshold=policy.threshold,
        seed=policy.seed,
        frozen=frozen,
    )
