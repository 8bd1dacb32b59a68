"""How hard to look, in steps: never in seconds, so that the result does not depend on the machine."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Effort:
    """- ``runs`` of the whole search, the cheapest pattern kept.
    - ``starts``: covers tried, the cheapest kept. ``give_up_rounds``: over all complements. ``cover_rounds``: until no
      group is open.
    - ``passes`` of walking, the first ``shallow`` by single moves. ``depth``: moves in a chain. ``whim``: size of the
      drawn preference among moves.
    - ``openings`` tried, the cheapest kept, each opening up one in ``batches`` unproven cells at a time; ``fruitless``:
      rounds without any gain before it is given up.
    - ``prune_sweeps`` over the complements, ``prune_tries`` new tables for each; ``prune_work`` limits
      candidates × tables × hidden cells of a sweep. ``spare_tables``: how many tables a sweep may add.
    """

    runs: int = 1
    starts: int = 1
    give_up_rounds: int = 4
    cover_rounds: int = 6
    passes: int = 40
    shallow: int = 8
    depth: int = 6
    whim: int = 8
    batches: int = 40
    openings: int = 1
    passes_after_opening: int = 6
    fruitless: int = 6
    prune_sweeps: int = 2
    prune_tries: int = 3
    prune_work: int = 1_000_000_000
    spare_tables: int = 40

    def candidates(self, work: int) -> int:
        """How many complements may be tried when one costs ``work``."""
        return max(50, self.prune_work // max(1, work))


def effort_for(cells: int, annotation: str, *, given: bool = False) -> Effort:
    """``given``: the pattern before is kept and there is little to choose, so what counts is to find its tables: longer
    chains, and some searches of which the first that succeeds will do.

    Small cubes are searched again and again: it costs little there and saves most. With separate codes opening up takes
    longer, so it is tried less often."""
    if cells <= 1_000:
        effort = Effort(runs=2, starts=3, openings=2)
    elif cells <= 4_000:
        effort = Effort(runs=6, starts=8, openings=3)
    elif cells <= 12_000:
        effort = Effort(starts=4, openings=10)
    elif cells <= 20_000:
        effort = Effort(openings=2, prune_sweeps=1)
    else:
        effort = Effort(openings=3, prune_sweeps=1)
    if annotation == "separate":
        effort = replace(effort, openings=max(1, effort.openings // 3))
    return replace(effort, runs=6, starts=1, openings=1, passes=150, depth=12) if given else effort
