"""What hiding a cell costs: the preference among complements, in whole numbers.

One cell hidden less outweighs all else; then the analytically least interesting level goes first, then the smallest
count, near-ties drawn by the seed (always taking the smallest would tell that every shown neighbour is larger); totals go
last (DDG 2.0 §4.4.1 (5)). Which of the allowed cells lie in one group with a blank is what the search decides.
"""

from __future__ import annotations

import numpy as np

from include.opendata.disclosure.protect.cube.search import BARRED
from include.opendata.disclosure.protect.cube.table import CubeTable

CELL = 1000
TOTAL = 40
"""Per step towards a total."""
INTEREST = 100
DOUBLING = 12
"""Per doubling of the count."""
NOISE = 16
"""What the seed may add: near-ties."""
WIDER_NOISE = 300
"""While a first pattern is looked for: it leads to patterns of fewer cells. What is kept is decided without it."""


def prices(cube: CubeTable, allowed: np.ndarray, rng: np.random.Generator, noise: int = NOISE) -> np.ndarray:
    """int64[cells]; BARRED where ``allowed`` (bool[cells]) is false."""
    mantissa, exponent = np.frexp(np.maximum(cube.values, 1).reshape(-1).astype(np.float64))
    size = ((exponent - 1 + (2 * mantissa - 1)) * DOUBLING).astype(np.int64)
    price = CELL + TOTAL * cube.height.reshape(-1) + size + rng.integers(0, noise + 1, cube.size)
    if cube.interest is not None:
        price += INTEREST * np.minimum(cube.interest - cube.interest.min(), 5).reshape(-1)
    return np.where(allowed, price, BARRED).astype(np.int64)
