"""Which derived values go with a hidden count.

A rate, percentage, mean or amount computed from a hidden count is hidden too, even where it rounds to 0.0: a rounded
zero beside a shown population bounds the count (DDG 2.0 §4.4.1 (3)). A true zero is shown, and so is what is computed
from it. The annotation of a derived value is the code of the count it follows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHOWN, SMALL, COMPLEMENTARY = 0, 1, 2


def derived_blank(bases: Sequence[np.ndarray], codes: np.ndarray) -> np.ndarray:
    """int8[m]: the code of each derived value, 0 where it may be shown.

    ``bases``: one int64[m] array per count the value is computed from (numerator, denominator, the count under a mean),
    holding cell indices into ``codes``; -1 where there is no such cell (a population from outside). ``codes``: int8[n]
    of a :class:`Suppression`. The value goes if any of its bases is hidden; code 1 wins over code 2. The size of the
    derived value plays no part, so one that rounds to zero goes as well.
    """
    if not bases:
        raise ValueError("a derived value needs at least one base count")
    result = np.zeros(len(bases[0]), dtype=np.int8)
    for base in bases:
        base = np.asarray(base, dtype=np.int64)
        if base.shape != result.shape:
            raise ValueError("all bases of a derived value must have the same length")
        code = np.where(base >= 0, np.asarray(codes, dtype=np.int8)[np.maximum(base, 0)], SHOWN)
        result = np.where((result == SMALL) | (code == SMALL), SMALL, np.maximum(result, code)).astype(np.int8)
    return result
