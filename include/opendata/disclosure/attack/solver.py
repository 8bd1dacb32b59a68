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

from include.opendata.disclosure.cell_states import UNBOUNDED

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
        columns = sparse.csc_array(matrix)
        self.size, self.integer = columns.shape[1], integer
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = columns.shape
        model.col_cost_ = np.zeros(self.size)
        model.col_lower_, model.col_upper_ = _real(low), _real(high)
        model.row_lower_ = model.row_upper_ = rhs.astype(float)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = columns.indptr.astype(np.int32)
        model.a_matrix_.index_ = columns.indices.astype(np.int32)
        model.a_matrix_.value_ = columns.data.astype(float)
        if integer:
            model.integrality_ = [highspy.HighsVarType.kInteger] * self.size
        self.highs = highspy.Highs()
        self.highs.silent()
        options: dict[str, int | float | str] = {"threads": 1, "random_seed": 0, "simplex_iteration_limit": iterations}
        options |= (
            {"mip_max_nodes": nodes, "mip_rel_gap": 0.0, "mip_abs_gap": 0.999} if integer else {"solver": "simplex"}
        )
        for name, setting in options.items():
            self.highs.setOptionValue(name, setting)
        self.highs.passModel(model)

    def bound(self, cells: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        self.highs.changeColsBounds(len(cells), np.asarray(cells, dtype=np.int32), _real(low), _real(high))

    def extreme(self, cost: np.ndarray, *, largest: bool, start: np.ndarray | None = None) -> Extreme:
        """The smallest or largest value of ``cost @ x``; the bound is rounded to the safe side of rounding errors."""
        sense = highspy.ObjSense.kMaximize if largest else highspy.ObjSense.kMinimize
        self.highs.changeColsCost(self.size, np.arange(self.size, dtype=np.int32), np.asarray(cost, dtype=float))
        self.highs.changeObjectiveSense(sense)
        if start is not None:
            guess = highspy.HighsSolution()
            guess.col_value = start.astype(float).tolist()
            self.highs.setSolution(guess)
        self.highs.run()
        status, info = self.highs.getModelStatus(), self.highs.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return Extreme(np.inf if largest else -np.inf, None, feasible=False)
        table = None
        if info.primal_solution_status == 2:
            x = np.array(self.highs.getSolution().col_value)
            if np.abs(x - np.rint(x)).max(initial=0.0) < SLACK:
                table = np.rint(x).astype(np.int64)
        if self.integer:
            proven = info.mip_dual_bound
        elif status == highspy.HighsModelStatus.kOptimal:
            proven = info.objective_function_value
        else:
            proven = np.inf if largest else -np.inf
        end = np.floor(proven + SLACK) if largest else np.ceil(proven - SLACK)
        return Extreme(float(end), table)


def _real(bound: np.ndarray) -> np.ndarray:
    bound = np.asarray(bound)
    return np.where(bound >= UNBOUNDED, highspy.kHighsInf, bound).astype(float)
