"""Equations and bounds as HiGHS takes them: one thread and a fixed seed, so that two runs agree."""

from __future__ import annotations

from collections.abc import Mapping

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.cell_states import UNBOUNDED

Setting = int | float | str


def model_of(matrix: sparse.sparray, rhs: np.ndarray, low: np.ndarray, high: np.ndarray) -> highspy.HighsLp:
    """``matrix`` @ x = ``rhs`` with ``low`` ≤ x ≤ ``high`` (``UNBOUNDED`` for no upper bound), at no cost."""
    columns = sparse.csc_array(matrix)
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = columns.shape
    model.col_cost_ = np.zeros(columns.shape[1])
    model.col_lower_, model.col_upper_ = real(low), real(high)
    model.row_lower_ = model.row_upper_ = np.asarray(rhs, dtype=float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = columns.indptr.astype(np.int32)
    model.a_matrix_.index_ = columns.indices.astype(np.int32)
    model.a_matrix_.value_ = columns.data.astype(float)
    return model


def solver_of(model: highspy.HighsLp, settings: Mapping[str, Setting]) -> highspy.Highs:
    """A silent solver that has taken the model."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.silent()
    for name, setting in {"threads": 1, "random_seed": 0, **settings}.items():
        highs.setOptionValue(name, setting)
    highs.passModel(model)
    return highs


def real(bound: np.ndarray) -> np.ndarray:
    """Bounds as real numbers, infinite where there is none."""
    bound = np.asarray(bound)
    return np.where(bound >= UNBOUNDED, highspy.kHighsInf, bound).astype(float)
