"""Linear and integer programs over a cell system, solved by HiGHS.

Decides nothing about disclosure: it finds extreme tables within bounds. Every solve is limited in steps (iterations,
nodes), never in seconds, and runs on one thread with a fixed seed, so that the same system gives the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import UNBOUNDED

REACH = 1_000_000
"""How far from a known table a cell is looked for before it counts as unbounded."""

ROUNDING = 1e-5


@dataclass(frozen=True)
class Solution:
    """``status``: optimal, infeasible or unfinished; ``x`` float[n] and ``bound`` (proven on the objective) if any."""

    status: str
    x: np.ndarray | None
    objective: float
    bound: float


@dataclass(frozen=True)
class Limits:
    """How long a solve may go on: simplex ``iterations``; of an integer program also ``nodes``, and the relative ``gap`` at
    which its answer is good enough."""

    iterations: int = 200_000
    nodes: int = 2_000
    gap: float = 0.0


USUAL_LIMITS = Limits()


class Program:
    """min or max of a linear function over ``matrix @ x = rhs``, ``low <= x <= high``.

    ``matrix`` int64[e, n] sparse. Bounds and costs may be changed between solves; the basis is kept, which makes a
    sequence of linear solves cheap. ``integral`` makes it an integer program.
    """

    def __init__(
        self,
        matrix: sparse.csr_array,
        low: np.ndarray,
        high: np.ndarray,
        *,
        rhs: np.ndarray | None = None,
        integral: bool = False,
        limits: Limits = USUAL_LIMITS,
    ):
        columns = sparse.csc_array(matrix)
        rows, n = matrix.shape
        right = np.zeros(rows) if rhs is None else np.asarray(rhs, dtype=float)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = n, rows
        lp.col_cost_ = np.zeros(n)
        lp.col_lower_, lp.col_upper_ = _floats(low), _floats(high)
        lp.row_lower_, lp.row_upper_ = right, right
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = columns.indptr.astype(np.int32)
        lp.a_matrix_.index_ = columns.indices.astype(np.int32)
        lp.a_matrix_.value_ = columns.data.astype(float)
        if integral:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * n
        self.size, self.integral = n, integral
        self._costed: np.ndarray = np.zeros(0, dtype=np.int32)
        make: Any = highspy.Highs  # the library has no types
        solver = make()
        solver.silent()
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("random_seed", 0)
        solver.setOptionValue("simplex_iteration_limit", limits.iterations)
        if integral:
            solver.setOptionValue("mip_max_nodes", limits.nodes)
            solver.setOptionValue("mip_rel_gap", limits.gap)
            solver.setOptionValue("mip_abs_gap", 0.999)
        else:
            solver.setOptionValue("solver", "simplex")
            solver.setOptionValue("presolve", "off")
        solver.passModel(lp)
        self.solver = solver

    def set_bounds(self, cells: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Bound some cells otherwise from now on."""
        cells = np.asarray(cells, dtype=np.int32)
        self.solver.changeColsBounds(len(cells), cells, _floats(low), _floats(high))

    def set_cost(self, cells: np.ndarray, cost: np.ndarray) -> None:
        """Make the objective ``cost`` on ``cells`` and zero elsewhere."""
        if len(self._costed):
            self.solver.changeColsCost(len(self._costed), self._costed, np.zeros(len(self._costed)))
        self._costed = np.asarray(cells, dtype=np.int32)
        self.solver.changeColsCost(len(self._costed), self._costed, np.asarray(cost, dtype=float))

    def solve(self, *, maximise: bool = False, start: np.ndarray | None = None) -> Solution:
        """The smallest or largest table; ``start`` float[n]: one to begin with."""
        sense = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
        self.solver.changeObjectiveSense(sense)
        if start is not None:
            known = highspy.HighsSolution()
            known.col_value = [float(v) for v in start]
            self.solver.setSolution(known)
        self.solver.run()
        status = self.solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return Solution("infeasible", None, np.nan, np.nan)
        info = self.solver.getInfo()
        x, objective = None, np.nan
        if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            x, objective = np.array(self.solver.getSolution().col_value), info.objective_function_value
        optimal = status == highspy.HighsModelStatus.kOptimal
        unproven = np.inf if maximise else -np.inf
        bound = info.mip_dual_bound if self.integral else objective if optimal else unproven
        return Solution("optimal" if optimal else "unfinished", x, objective, bound)


def whole_numbers(matrix: sparse.csr_array, most: np.ndarray, rhs: np.ndarray) -> np.ndarray | None:
    """int64[n]: whole numbers from 0 to ``most`` with ``matrix @ x = rhs``; None where there are none, or none were found.

    By a linear program, whose corner is nearly always whole (of two tables it always is), else by an integer program.
    """
    for integral in (False, True):
        solution = Program(matrix, np.zeros(len(most)), most, rhs=rhs, integral=integral).solve()
        numbers = None if solution.x is None else whole(solution.x)
        if numbers is not None or solution.status == "infeasible":
            return numbers
    return None


def whole(x: np.ndarray) -> np.ndarray | None:
    """int64[n] if every entry is an integer up to rounding error, else None."""
    rounded = np.rint(x)
    return rounded.astype(np.int64) if np.abs(x - rounded).max(initial=0.0) < ROUNDING else None


def _floats(bound: np.ndarray) -> np.ndarray:
    bound = np.asarray(bound)
    return np.where(bound >= UNBOUNDED, highspy.kHighsInf, bound).astype(float)
