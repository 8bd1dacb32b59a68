"""What the fast path promises of every cube, and what it refuses."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from include.opendata.disclosure.attack import attack
from include.opendata.disclosure.protect.cube import CubeTable, Effort, public_view, suppress_cube, verify_proof
from include.opendata.disclosure.protect.cube.groups import open_groups
from include.opendata.disclosure.protect.cube.moves import moves_of
from include.opendata.disclosure.protect.cube.pattern import PatternSearch
from include.opendata.disclosure.protect.cube.prices import prices
from include.opendata.disclosure.protect.policy import Policy
from include.opendata.errors import Refused
from include.opendata.places import ROOT
from tests.lib.random_cubes import synthetic
from tests.lib.rules import RULE
from tests.unit.disclosure.protect.cube.grids import cube, public

COUNTS = synthetic((6, 4, 3), 2.4, 1)


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_nothing_small_hides_nothing(annotation):
    done = suppress_cube(cube([[20, 30], [40, 0]]), rule=RULE, annotation=annotation, seed=0)
    assert not done.codes.any()
    assert done.check.passed


def test_zero_is_never_suppressed():
    table = cube(COUNTS)
    codes = suppress_cube(table, rule=RULE, annotation="combined", seed=0).codes
    assert not codes[table.values == 0].any()


def test_every_small_count_has_code_1_and_no_other_has():
    table = cube(COUNTS)
    codes = suppress_cube(table, rule=RULE, annotation="combined", seed=0).codes
    assert np.array_equal(codes == 1, table.small(RULE))


def test_no_group_is_left_open():
    table = cube(COUNTS, {0: [[0, 1], [2, 3, 4, 5]]})
    codes = suppress_cube(table, rule=RULE, annotation="combined", seed=0).codes
    assert not open_groups(table, codes != 0, RULE)


def test_a_group_with_no_candidate_but_zeros_loses_its_total():
    codes = suppress_cube(cube([3, 3, 3, 3, 0]), rule=RULE, annotation="combined", seed=0).codes
    assert codes.tolist() == [1, 1, 1, 1, 0, 2]


def test_totals_go_last():
    codes = suppress_cube(
        cube([[4, 50, 60], [70, 80, 90], [15, 25, 35]]), rule=RULE, annotation="combined", seed=0
    ).codes
    assert not (codes[3] == 2).any()
    assert not (codes[:, 3] == 2).any()


def test_a_total_costs_more_than_a_category_of_the_same_count():
    table = cube([[20, 0], [0, 0]])
    price = prices(table, (table.values > 0).reshape(-1), np.random.default_rng(0)).reshape(table.values.shape)
    assert price[0, 0] < price[0, 2] < price[2, 2]
    assert price[0, 0] < price[2, 0] < price[2, 2]


def test_the_least_interesting_level_goes_first():
    table = cube([[4, 30, 30, 30], [40, 30, 30, 30], [50, 30, 30, 30]])
    interest = np.zeros(table.values.shape, dtype=np.int64)
    interest[:, 2] = -1
    marked = CubeTable(table.values, table.axes, interest=interest)
    for seed in range(6):
        codes = suppress_cube(marked, rule=RULE, annotation="combined", seed=seed).codes
        assert codes[0, 2] == 2


def test_the_smaller_of_two_candidates_goes():
    codes = suppress_cube(cube([4, 20, 500]), rule=RULE, annotation="combined", seed=0).codes
    assert codes.tolist() == [1, 2, 0, 0]


@pytest.mark.parametrize("annotation", ["combined", "separate"])
def test_the_same_table_gives_the_same_bytes(annotation):
    table = cube(synthetic((6, 5), 3.2, 2))
    first, second = (suppress_cube(table, rule=RULE, annotation=annotation, seed=5) for _ in range(2))
    assert first.codes.tobytes() == second.codes.tobytes()
    assert first.proof.to_bytes() == second.proof.to_bytes()
    assert first.figures == second.figures


def test_the_same_bytes_in_another_process():
    program = "from tests.unit.disclosure.protect.cube.test_suppress_cube import fingerprint; print(fingerprint())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "1", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.strip() == fingerprint()


def fingerprint() -> str:
    done = suppress_cube(cube(COUNTS), rule=RULE, annotation="combined", seed=2)
    return hashlib.sha256(done.codes.tobytes() + done.proof.digest.encode()).hexdigest()


def test_near_ties_are_broken_by_the_seed():
    table = cube([[4, 30, 30, 30, 30], [40, 30, 30, 30, 30], [50, 30, 30, 30, 30]])
    patterns = {suppress_cube(table, rule=RULE, annotation="combined", seed=seed).codes.tobytes() for seed in range(8)}
    assert len(patterns) > 1


@pytest.mark.parametrize("seed", range(3))
def test_no_complement_that_is_kept_could_be_shown(seed):
    """Show any one of them: a group breaks a rule, or a stranger narrows a hidden count down."""
    counts = synthetic((4, 3, 2), 2.6, seed)
    table = cube(counts)
    codes = suppress_cube(table, rule=RULE, annotation="combined", seed=seed).codes
    assert (codes == 2).any()
    for place in np.argwhere(codes == 2):
        fewer = codes.copy()
        fewer[tuple(place)] = 0
        if not open_groups(table, fewer != 0, RULE):
            assert not attack(public(counts, fewer, "combined")).passed


@pytest.mark.parametrize("seed", range(3))
def test_the_cover_alone_would_not_be_safe(seed):
    """The walk and what follows are needed: boxes of hidden cells without room prove nothing."""
    table = cube(synthetic((8, 6, 4), 3.0, seed))
    search = PatternSearch(
        table, moves_of(table.axes), Policy("combined", RULE, seed), run=0, effort=Effort(), progress=None
    )
    search.cover()
    search._measure()
    search.walk(40, 8)
    unproven = search.unproven()
    search.open_up()
    assert len(search.unproven()) == 0
    assert len(unproven) == 0 or search.hidden.sum() > search.small.sum()


def test_ten_counts_under_a_total_of_ten_cannot_be_told_apart_from_ones():
    """Separate codes say the total is 10 at most, and ten blanks are 1 at least: every one of them is 1."""
    counts = np.array([[1] * 10, [60] * 10, [70] * 10])
    with pytest.raises(Refused) as refusal:
        suppress_cube(cube(counts), rule=RULE, annotation="separate", seed=0)
    assert refusal.value.slug == "separate-codes-unsafe"
    assert "impossible: 11" in refusal.value.details
    assert "annotation: combined" in refusal.value.remedy
    combined = suppress_cube(cube(counts), rule=RULE, annotation="combined", seed=0)
    assert str(combined.figures["complementary"]) in refusal.value.remedy


def test_what_is_named_impossible_is_so_even_if_everything_is_hidden():
    counts = np.array([[2, 1, 1, 2, 1, 1, 1, 1], [3, 40, 50, 4, 2, 60, 70, 80], [60, 70, 80, 90, 70, 60, 50, 40]])
    table = cube(counts)
    with pytest.raises(Refused) as refusal:
        suppress_cube(table, rule=RULE, annotation="separate", seed=0)
    everything = np.where(table.small(RULE), 1, np.where(table.values > 0, 2, 0))
    report = attack(public(counts, everything, "separate"))
    narrow = [f for f in report.cells if f.verdict == "recoverable"]
    assert f"impossible: {len(narrow)}" in refusal.value.details
    assert "undecided: 0" in refusal.value.details


def test_a_small_cell_that_is_already_public_is_an_incident():
    table = cube([4, 50, 60])
    frozen = np.array([True, False, False, False])
    with pytest.raises(Refused) as refusal:
        suppress_cube(CubeTable(table.values, table.axes, frozen=frozen), rule=RULE, annotation="combined", seed=0)
    assert refusal.value.slug == "small-cell-already-public"


@pytest.mark.parametrize(
    ("annotation", "slug"), [("combined", "no-safe-suppression"), ("separate", "separate-codes-unsafe")]
)
def test_without_a_cell_left_to_hide_the_table_is_refused(annotation, slug):
    table = cube([4, 0, 60])
    frozen = ~table.small(RULE)
    with pytest.raises(Refused) as refusal:
        suppress_cube(CubeTable(table.values, table.axes, frozen=frozen), rule=RULE, annotation=annotation, seed=0)
    assert refusal.value.slug == slug


def test_cells_already_public_stay_shown():
    counts = synthetic((5, 4, 3), 3.4, 0)
    table = cube(counts)
    frozen = (table.values > 60) & (np.arange(table.size).reshape(table.values.shape) % 3 == 0)
    done = suppress_cube(CubeTable(table.values, table.axes, frozen=frozen), rule=RULE, annotation="combined", seed=0)
    assert not done.codes[frozen].any()


def test_many_events_of_few_persons_are_hidden_and_may_be_any_number():
    counts = synthetic((5, 4), 3.2, 3)
    table = cube(counts)
    persons = cube(np.minimum(counts, 1 + counts // 3)).values
    done = suppress_cube(CubeTable(table.values, table.axes, persons=persons), rule=RULE, annotation="combined", seed=0)
    assert np.array_equal(done.codes == 1, (persons > 0) & (persons < 11))
    assert done.check.passed


def test_a_total_in_no_table_needs_no_complement():
    table = cube([4, 50, 60], unpublished=lambda place: place == (3,))
    assert suppress_cube(table, rule=RULE, annotation="combined", seed=0).codes.tolist() == [1, 0, 0, 0]


def test_a_small_count_in_no_table_must_not_follow_from_the_published_ones():
    table = cube([[4, 50, 60], [30, 40, 50]], unpublished=lambda place: place == (0, 0))
    done = suppress_cube(table, rule=RULE, annotation="combined", seed=0)
    assert (done.codes == 2).any()
    assert done.check.passed


def test_no_mode_but_the_two_is_known():
    with pytest.raises(ValueError, match="annotation"):
        suppress_cube(cube([4, 50]), rule=RULE, annotation="both", seed=0)


def test_progress_is_told():
    stages = []
    suppress_cube(
        cube(COUNTS),
        rule=RULE,
        annotation="combined",
        seed=0,
        progress=lambda stage, share: stages.append((stage, share)),
    )
    assert {stage for stage, _ in stages} >= {"cover", "walk", "verify"}
    assert all(0 <= share <= 1 for _, share in stages)


def test_the_last_gate_stops_a_pattern_whose_proof_does_not_hold(monkeypatch):
    def forged(self):
        proof = run(self)
        return type(proof)(proof.shape, proof.cells, proof.tables + 1)

    run = PatternSearch.run
    monkeypatch.setattr(PatternSearch, "run", forged)
    with pytest.raises(Refused) as refusal:
        suppress_cube(cube(COUNTS), rule=RULE, annotation="combined", seed=0)
    assert refusal.value.slug == "no-safe-suppression"


def test_hierarchies_on_two_dimensions_are_proven():
    counts = synthetic((8, 3, 6), 2.6, 7)
    table = cube(counts, {0: [[0, 1, 2], [3, 4], [5, 6, 7]], 2: [[0, 1], [2, 3, 4, 5]]})
    done = suppress_cube(table, rule=RULE, annotation="combined", seed=0)
    view = public_view(table, done.codes, rule=RULE, annotation="combined")
    assert verify_proof(view, done.proof).passed
