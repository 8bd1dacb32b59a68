import numpy as np
import pytest

from include.opendata.disclosure.protect import COMPLEMENTARY, SHOWN, SMALL, derived_blank

CODES = np.array([SHOWN, SMALL, COMPLEMENTARY], dtype=np.int8)


@pytest.mark.parametrize(
    ("numerator", "denominator", "code"),
    [(0, 0, SHOWN), (1, 0, SMALL), (0, 1, SMALL), (0, 2, COMPLEMENTARY), (2, 1, SMALL), (1, 2, SMALL), (0, -1, SHOWN),
     (2, -1, COMPLEMENTARY)],
)  # fmt: skip
def test_a_rate_goes_with_its_numerator_or_its_denominator(numerator, denominator, code):
    assert derived_blank([np.array([numerator]), np.array([denominator])], CODES).tolist() == [code]


def test_a_mean_goes_with_the_count_under_it():
    assert derived_blank([np.array([0, 1, 2])], CODES).tolist() == [SHOWN, SMALL, COMPLEMENTARY]


def test_bases_of_different_length_are_a_defect():
    with pytest.raises(ValueError, match="same length"):
        derived_blank([np.array([0, 1]), np.array([0])], CODES)
    with pytest.raises(ValueError, match="at least one"):
        derived_blank([], CODES)
