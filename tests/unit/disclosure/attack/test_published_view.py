"""What a published view holds, and what rates say of counts."""

import numpy as np
import pytest

from include.opendata.disclosure.attack import (
    BLANK,
    CODE_SMALL,
    NOT_SHOWN,
    SHOWN,
    UNBOUNDED,
    PublishedView,
    rate_bounds,
)
from include.opendata.errors import InputError
from tests.lib.rules import RULE

TOTAL_OF_TWO = ((2, (0, 1)),)
KEYS = (("a",), ("b",), ("Total",))


def test_a_view_refuses_values_of_hidden_cells():
    with pytest.raises(InputError) as error:
        PublishedView(np.array([7, 50, 57]), np.array([CODE_SMALL, SHOWN, SHOWN]), TOTAL_OF_TWO, KEYS, rule=RULE)
    assert error.value.slug == "view-carries-hidden-values"


def test_a_shown_cell_needs_its_count():
    with pytest.raises(InputError) as error:
        PublishedView(np.array([NOT_SHOWN, 50, 57]), np.array([SHOWN] * 3), TOTAL_OF_TWO, KEYS, rule=RULE)
    assert error.value.slug == "shown-cell-without-count"


def test_a_blank_is_at_least_one_because_zeros_are_shown():
    view = PublishedView(np.array([NOT_SHOWN, 50, 57]), np.array([BLANK, SHOWN, SHOWN]), TOTAL_OF_TWO, KEYS, rule=RULE)
    low, high = view.bounds()
    assert (low[0], high[0]) == (1, UNBOUNDED)


def test_its_repr_shows_no_count():
    view = PublishedView(np.array([NOT_SHOWN, 50, 57]), np.array([BLANK, SHOWN, SHOWN]), TOTAL_OF_TWO, KEYS, rule=RULE)
    assert repr(view) == "PublishedView(3 cells, 1 not shown)"


@pytest.mark.parametrize(
    ("rate", "denominator", "per", "decimals", "bounds"),
    [
        ("0.0", 3000, 100, 1, (0, 1)),  # 0.05 % of 3,000 is 1.5
        ("1.0", 1500, 100, 1, (15, 15)),
        ("12.5", 80, 100, 1, (10, 10)),
        ("50", 3, 100, 0, (2, 1)),  # no count of three gives 50 %
        ("2.5", 1000, 1000, 0, (2, 3)),
        ("3.4", 100_000, 100_000, 1, (4, 3)),
        ("3", 100_000, 100_000, 0, (3, 3)),
        ("0", 20, 10, 0, (0, 1)),  # both ends of the rounding interval count
    ],
)
def test_a_rounded_rate_bounds_its_count(rate, denominator, per, decimals, bounds):
    assert rate_bounds(rate, denominator, per, decimals) == bounds


def test_known_rounding_excludes_the_upper_end():
    assert rate_bounds("0", 20, 10, 0, "half-up") == (0, 0)
    with pytest.raises(ValueError, match="rounding"):
        rate_bounds("0", 20, 10, 0, "nearest")


def test_every_count_lies_within_the_bounds_of_its_own_rate():
    for denominator in (7, 64, 999, 20_001):
        for count in range(min(denominator, 300)):
            for decimals in (0, 1, 2):
                low, high = rate_bounds(round(100 * count / denominator, decimals), denominator, 100, decimals)
                assert low <= count <= high
