"""Random worlds of every kind: what the product publishes of them tells an outsider no small count.

A hundred worlds with fixed seeds; thousands, and what was found in them, with `make soak` (docs/developing.md).
"""

from __future__ import annotations

import pytest

from tests.proof.product import CRASH
from tests.proof.verdict import CAUSES, judged
from tests.proof.worlds import EVERY

STILL_OPEN: dict[str, str] = {
    "relations of measures": "flags, parts of a whole and counts beside counts are not yet equations of one system",
    "earlier or later releases": "a category under a new name and a new spelling at once is not recognised",
    "another dataset": "datasets of one source are not yet attacked together",
    "crash": "an empty category of an earlier release stops the attack on both",
}
"""Cause of a leak, or a crash → why it is expected. Whoever closes one takes its line away."""

NOT_RUN_YET = frozenset(
    {33, 34, 35, 36, 37, 38, 39, 46, 48, 52, 53, 55, 57, 59, 62, 63, 64, 65, 66, 68, 75, 76, 77, 78, 79, 80, 86}
)
"""Worlds of events no one has looked at since `records_per_person` is asked for: run them, and take them away here."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_an_outsider_finds_no_small_count_in_what_is_published_of_a_random_world(seed):
    if seed in NOT_RUN_YET:
        pytest.skip("not looked at yet on this code")
    verdict = judged(seed, EVERY)
    assert not verdict.odd
    causes = {*verdict.causes, *("crash" for slug in verdict.refused if slug.startswith(CRASH))}
    if causes and causes <= STILL_OPEN.keys():
        pytest.xfail("; ".join(STILL_OPEN[cause] for cause in sorted(causes)))
    assert [str(finding) for finding in verdict.leaks] == []
    assert [slug for slug in verdict.refused if slug.startswith(CRASH)] == []


def test_every_open_cause_is_a_cause():
    assert STILL_OPEN.keys() <= {*CAUSES, "crash"}
