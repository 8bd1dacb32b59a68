"""Extreme tables of one linked part, by HiGHS.

Decides nothing: gives the smallest or largest value of a sum of cells over all real-valued (``linear``) or whole-number
(``integer``) tables of a part. Limits are counted in iterations and nodes, on one thread with a fixed seed, so that two
runs agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.linear_model import Setting, model_of, real, solver_of

SLACK = 1e-5


@dataclass(frozen=True)
class Extreme:
    """``end``: proven bound on the sum (whole number; infinite if nothing is proven). ``table``: whole numbers or None.
    ``feasible``: False if it was proven that no table exists."""

    end: float
    table: np.ndarray | None
    feasible: bool = True


class Solver:
    """``matrix @ x = rhs`` with bounds; int64 throughout, ``UNBOUNDED`` for no upper bound."""

    def __init__(
        self, matrix: sparse.csr_array, rhs: np.ndarray, low: np.ndarray, high: np.ndarray, *,
        integer: bool, iterations: int, nodes: int,
    ):  # fmt: skip
        self.size, self.integer = matrix.shape[1], integer
        model = model_of(matrix, rhs, low, high)
        settings: dict[str, Setting] = {"simplex_iteration_limit": iterations}
        if integer:
            model.integrality_ = [highspy.HighsVarType.kInteger] * self.size
            settings |= {"mip_max_nodes": nodes, "mip_rel_gap": 0.0, "mip_abs_gap": 0.999}
        else:
            settings |= {"solver": "simplex"}
        self.highs = solver_of(model, settings)

    def bound(self, cells: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Other bounds for some columns."""
        self.highs.changeColsBounds(len(cells), np.asarray(cells, dtype=np.int32), real(low), real(high))

    def extreme(self, cost: np.ndarray, *, largest: bool) -> Extreme:
        """The smallest or largest value of ``cost @ x``; the bound is rounded to the safe side of rounding errors."""
        sense = highspy.ObjSense.kMaximize if largest else highspy.ObjSense.kMinimize
        self.highs.changeColsCost(self.size, np.arange(self.size, dtype=np.int32), np.asarray(cost, dtype=float))
        self.highs.changeObjectiveSense(sense)
        self.highs.run()
        nothing = np.inf if largest else -np.inf
        if self.highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            return Extreme(float(nothing), None, feasible=False)
        proven = self._proven(nothing)
        end = np.floor(proven + SLACK) if largest else np.ceil(proven - SLACK)
        return Extreme(float(end), self._table())

    def _proven(self, nothing: float) -> float:
        """The bound on the sum that was proven, ``nothing`` without one."""
        info = self.highs.getInfo()
        if self.integer:
            return float(info.mip_dual_bound)
        optimal = self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return float(info.objective_function_value) if optimal else nothing

    def _table(self) -> np.ndarray | None:
        """int64: the solution, where there is one and it is whole."""
        if self.highs.getInfo().primal_solution_status != 2:
            return None
        x = np.array(self.highs.getSolution().col_value)
        whole = np.rint(x)
        return whole.astype(np.int64) if np.abs(x - whole).max(initial=0.0) < SLACK else None
