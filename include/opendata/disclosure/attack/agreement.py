"""Whether large published figures contradict each other, asked again and again of much the same figures.

Decides by single equations first, then by one linear program that is kept: between two questions only bounds change, so
each starts from the answer to the one before. What has no solution in real numbers has none in whole ones; what has one
is taken to agree, which tells the attacker more, not less. Whether whole numbers fit is for the attack to find out.
"""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from include.opendata.disclosure.attack.linear_model import model_of, real, solver_of
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
        open_ended = np.full(len(self.cells), UNBOUNDED)
        self.highs = solver_of(model_of(inside[rows], right, np.zeros(len(self.cells)), open_ended), {})

    def possible(self, view: PublishedView) -> bool:
        """False when it is certain that no table of counts agrees with ``view``."""
        try:
            low, high = propagate(view)
        except InputError as error:
            if error.slug == CONTRADICTION:
                return False
            raise
        every = np.arange(len(self.cells), dtype=np.int32)
        self.highs.changeColsBounds(len(every), every, real(low[self.cells]), real(high[self.cells]))
        self.highs.run()
        return bool(self.highs.getModelStatus() != highspy.HighsModelStatus.kInfeasible)
