"""Linear and integer programs over the unknowns, by HiGHS.

Decides nothing. One thread, a fixed seed, limits in iterations and nodes; a time limit only where one was declared.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.linear_model import Setting, model_of, solver_of

ITERATIONS = 400_000


@dataclass(frozen=True)
class Answer:
    """``point`` float64 or None · ``bound``: proven bound on the objective, None if nothing is proven · ``feasible``:
    False if it was proven that there is no point."""

    point: np.ndarray | None
    bound: float | None
    feasible: bool = True


@dataclass(frozen=True)
class Method:
    """How a program is solved. ``nodes``: in whole numbers, in at most so many nodes (0: in real numbers) · ``solutions``: and
    only until so many improvements were found (0: to the end) · ``interior``: an inner point by the interior-point method
    instead of a corner · ``seconds``: a time limit, if there is one."""

    nodes: int = 0
    solutions: int = 0
    interior: bool = False
    seconds: float | None = None


def solve(
    matrix: sparse.sparray,
    rhs: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    cost: np.ndarray,
    method: Method,
) -> Answer:
    """Minimise ``cost`` @ x over ``matrix`` @ x = ``rhs``, ``low`` ≤ x ≤ ``high``."""
    model = model_of(matrix, rhs, low, high)
    model.col_cost_ = np.asarray(cost, dtype=float)
    settings: dict[str, Setting] = {"simplex_iteration_limit": ITERATIONS}
    if method.nodes:
        model.integrality_ = [highspy.HighsVarType.kInteger] * matrix.shape[1]
        settings |= {"mip_max_nodes": method.nodes, "mip_rel_gap": 0.0, "mip_abs_gap": 0.999}
        settings |= {"mip_max_improving_sols": method.solutions} if method.solutions else {}
    elif method.interior:
        settings |= {"solver": "ipm", "run_crossover": "off", "ipm_iteration_limit": 200}
    if method.seconds is not None:
        settings["time_limit"] = method.seconds
    highs = solver_of(model, settings)
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return Answer(None, None, feasible=False)
    has_point = highs.getInfo().primal_solution_status == 2
    point = np.array(highs.getSolution().col_value) if has_point else None
    return Answer(point, _proven(highs, method.nodes > 0))


def _proven(highs: highspy.Highs, whole: bool) -> float | None:
    """The bound on the objective that was proven."""
    info = highs.getInfo()
    if whole:
        return float(info.mip_dual_bound) if np.isfinite(info.mip_dual_bound) else None
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(info.objective_function_value) if optimal else None
