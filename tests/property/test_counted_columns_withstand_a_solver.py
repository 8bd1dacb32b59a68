"""Counts that are columns of one source: who has the published files and knows the subject works out no small count."""

import pytest

from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import OpendataError
from tests.lib.counted_columns import SUBJECTS, leaks, read_together, world

REFUSALS = {"separate-codes-unsafe", "no-safe-suppression", "no-rows"}
WORLDS = 12


@pytest.mark.parametrize("about", SUBJECTS)
def test_columns_that_hang_together_leave_every_small_count_open(about):
    released = 0
    for seed in range(WORLDS):
        made = world(seed, about)
        try:
            protection = protect_and_attack(made.declared, read_together(made), masked=True)
        except OpendataError as refusal:
            assert refusal.slug in REFUSALS, (seed, refusal)
            continue
        released += 1
        assert not leaks(made, [(made.declared, protection.tables)]), seed
    assert released >= WORLDS // 2
