"""Whether large published figures contradict each other, asked again and again of much the same figures.

Decides by single equations first, then by one linear program that is kept: between two questions only bounds change, so
each starts from the answer to the one before. What has no solution in real numbers has none in whole ones; what has one
is taken to agree, which tells the attacker more, not less. Whether whole numbers fit is for the attack to find out.
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.propagate import propagate
from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import SHOWN, UNBOUNDED
from include.opendata.errors import InputError

CONTRADICTION = "published-figures-contradict"


class Agreement:
    """Asked of views with the cells and equations of ``base`` that show what it shows, and perhaps more."""

    def __init__(self, base: PublishedView):
        self.cells = np.flatnonzero(base.state != SHOWN)
        inside = sparse.csr_array(base.balance[:, self.cells])
        rows = np.flatnonzero(np.diff(inside.indptr))
        known = np.where(base.state == SHOWN, base.value, 0)
        right = -(base.balance @ known)[rows].astype(float)
        columns = sparse.csc_array(inside[rows])
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = columns.shape
        model.col_cost_ = np.zeros(len(self.cells))
        model.col_lower_ = np.zeros(len(self.cells))
        model.col_upper_ = np.full(len(self.cells), highspy.kHighsInf)
        model.row_lower_ = model.row_upper_ = right
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = columns.indptr.astype(np.int32)
        model.a_matrix_.index_ = columns.indices.astype(np.int32)
        model.a_matrix_.value_ = columns.data.astype(float)
        self.highs = highspy.Highs()
        self.highs.silent()
        self.highs.setOptionValue("threads", 1)
        self.highs.setOptionValue("random_seed", 0)
        self.highs.passModel(model)

    def possible(self, view: PublishedView) -> bool:
        """False when it is certain that no table of counts agrees with ``view``."""
        try:
            low, high = propagate(view)
        except InputError as error:
            if error.slug == CONTRADICTION:
                return False
            raise
        least, most = low[self.cells].astype(float), high[self.cells].astype(float)
        most[high[self.cells] >= UNBOUNDED] = highspy.kHighsInf
        self.highs.changeColsBounds(len(self.cells), np.arange(len(self.cells), dtype=np.int32), least, most)
        self.highs.run()
        return bool(self.highs.getModelStatus() != highspy.HighsModelStatus.kInfeasible)
