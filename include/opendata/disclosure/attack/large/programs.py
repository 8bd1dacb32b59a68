"""Linear and integer programs over the unknowns, by HiGHS.

Decides nothing. One thread, a fixed seed, limits in iterations and nodes; a time limit only where one was declared.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import UNBOUNDED

ITERATIONS = 400_000


@dataclass(frozen=True)
class Answer:
    """``point`` float64 or None · ``bound``: proven bound on the objective, None if nothing is proven · ``feasible``:
    False if it was proven that there is no point."""

    point: np.ndarray | None
    bound: float | None
    feasible: bool = True


def solve(
    matrix: sparse.sparray,
    rhs: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    cost: np.ndarray,
    *,
    whole: int = 0,
    nodes: int = 0,
    solutions: int = 0,
    gap: float = 0.0,
    start: np.ndarray | None = None,
    interior: bool = False,
    seconds: float | None = None,
) -> Answer:
    """Minimise ``cost`` @ x over ``matrix`` @ x = ``rhs``, ``low`` ≤ x ≤ ``high``.

    The first ``whole`` columns are whole numbers, looked for in at most ``nodes`` nodes and until ``solutions`` improvements
    were found (0: to the end), or the best is proven within ``gap`` of the optimum. ``interior``: an inner point by the
    interior-point method instead of a corner.
    """
    columns = sparse.csc_array(matrix)
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = columns.shape
    model.col_cost_ = np.asarray(cost, dtype=float)
    model.col_lower_ = np.asarray(low, dtype=float)
    model.col_upper_ = np.where(np.asarray(high) >= UNBOUNDED, highspy.kHighsInf, np.asarray(high)).astype(float)
    model.row_lower_ = model.row_upper_ = np.asarray(rhs, dtype=float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = columns.indptr.astype(np.int32)
    model.a_matrix_.index_ = columns.indices.astype(np.int32)
    model.a_matrix_.value_ = columns.data.astype(float)
    if whole:
        kinds = [highspy.HighsVarType.kInteger] * whole
        model.integrality_ = kinds + [highspy.HighsVarType.kContinuous] * (columns.shape[1] - whole)
    highs = highspy.Highs()
    highs.silent()
    options: dict[str, int | float | str] = {"threads": 1, "random_seed": 0, "simplex_iteration_limit": ITERATIONS}
    if whole:
        options |= {"mip_max_nodes": nodes, "mip_rel_gap": gap, "mip_abs_gap": 0.999}
        if solutions:
            options["mip_max_improving_sols"] = solutions
    elif interior:
        options |= {"solver": "ipm", "run_crossover": "off", "ipm_iteration_limit": 200}
    if seconds is not None:
        options["time_limit"] = seconds
    for name, setting in options.items():
        highs.setOptionValue(name, setting)
    highs.passModel(model)
    if start is not None:
        guess = highspy.HighsSolution()
        guess.col_value = np.asarray(start, dtype=float).tolist()
        highs.setSolution(guess)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Answer(None, None, feasible=False)
    found = info.primal_solution_status == 2
    point = np.array(highs.getSolution().col_value) if found else None
    bound: float | None
    if whole:
        bound = float(info.mip_dual_bound) if np.isfinite(info.mip_dual_bound) else None
    else:
        bound = float(info.objective_function_value) if status == highspy.HighsModelStatus.kOptimal else None
    return Answer(point, bound)
