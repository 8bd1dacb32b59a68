"""What the attack concludes, from published values alone."""

import ast
from pathlib import Path

import numpy as np
import pytest

import include.opendata.disclosure.attack as room
from include.opendata.disclosure.attack import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    RECOVERABLE,
    SAFE_LP,
    SAFE_WITNESS,
    SHOWN,
    UNBOUNDED,
    UNDECIDED,
    AttackBudget,
    PublishedView,
    attack,
    verify_witnesses,
)
from include.opendata.disclosure.attack.propagate import propagate
from include.opendata.disclosure.attack.search import Part
from include.opendata.errors import AuditFailed, InputError
from tests.lib.random_cubes import as_published, cube, synthetic
from tests.lib.rules import RULE, rule

N = NOT_SHOWN


def column(cells, total, **more):
    """``cells``: a count, or a state for a cell that is not shown, given as ("state", state)."""
    entries = [*cells, total]
    state = np.array([e[1] if isinstance(e, tuple) else SHOWN for e in entries])
    value = np.array([N if isinstance(e, tuple) else e for e in entries])
    n = len(cells)
    keys = (*tuple((f"A{i + 1}",) for i in range(n)), ("Total",))
    return PublishedView(value, state, ((n, tuple(range(n))),), keys, **({"rule": RULE} | more))


HIDDEN, ONE, TWO, NOWHERE = (("state", s) for s in (BLANK, CODE_SMALL, CODE_COMPLEMENTARY, ABSENT))


def verdicts(view, **more):
    return [found.verdict for found in attack(view, **more).cells]


def test_a_single_blank_is_the_total_minus_the_rest_and_the_sentence_says_so_without_the_count():
    report = attack(column([ONE, 50, 60], 117))
    assert [f.verdict for f in report.cells] == [RECOVERABLE]
    assert report.failures == ("The blank at (A1) is (Total) minus the other parts, which are all shown.",)
    assert "7" not in repr(report).replace("117", "")


def test_two_blanks_that_sum_to_two_are_one_each_because_a_blank_is_never_zero():
    assert verdicts(column([HIDDEN, HIDDEN, 60], 62)) == [RECOVERABLE, RECOVERABLE]


@pytest.mark.parametrize(("total", "safe"), [(4, False), (5, True)])
def test_a_blank_needs_three_between_its_ends(total, safe):
    view = column([HIDDEN, HIDDEN, 0], total)
    assert (verdicts(view) == [SAFE_WITNESS] * 2) == safe


def test_the_declared_width_decides():
    eight_at_most = np.array([8, 99, 99, 99])
    assert attack(column([HIDDEN, HIDDEN, 0], 14, known_high=eight_at_most, rule=rule(width=7))).passed
    assert not attack(column([HIDDEN, HIDDEN, 0], 14, known_high=eight_at_most, rule=rule(width=8))).passed


def test_a_complement_that_is_certainly_large_needs_no_width():
    assert verdicts(column([TWO, 50], 70)) == [SAFE_LP]
    assert verdicts(column([HIDDEN, 50], 70)) == [SAFE_LP]


def test_a_large_count_of_few_persons_does_need_width():
    assert verdicts(column([ONE, 50], 70, persons=True)) == [RECOVERABLE]
    assert verdicts(column([HIDDEN, 50], 70, persons=True)) == [RECOVERABLE]


def test_a_group_whose_hidden_sum_is_known_and_small_fails():
    report = attack(column([HIDDEN, HIDDEN, 60], 68))
    assert [f.verdict for f in report.cells] == [SAFE_WITNESS] * 2
    assert [g.verdict for g in report.groups] == [RECOVERABLE]
    assert not report.passed
    assert attack(column([HIDDEN, HIDDEN, 60], 71)).passed


def test_a_cell_in_no_table_fails_if_the_others_give_it_away():
    assert attack(column([NOWHERE, 60], 65)).figures["failing_absent"] == 1
    assert attack(column([NOWHERE, 60], 60)).passed  # a zero identifies nobody
    assert attack(column([NOWHERE, 60], 90)).passed  # nor does a large count


def test_a_published_rate_narrows_a_blank():
    high = np.array([3, 99, 99, 99])
    assert attack(column([HIDDEN, HIDDEN, 60], 75)).passed
    assert verdicts(column([HIDDEN, HIDDEN, 60], 75, known_high=high))[0] == RECOVERABLE


def test_published_figures_that_contradict_each_other_prove_nothing():
    for view in (column([20, 30], 60), column([ONE, 50, 0], 50), column([ONE, ONE, 10], 40)):
        with pytest.raises(InputError) as error:
            attack(view)
        assert error.value.slug == "published-figures-contradict"


def test_tables_that_contradict_only_together_are_found_too():
    """A triangle of sums 2x = odd: no whole-number table, though every equation alone looks fine."""
    hidden = [BLANK] * 3
    view = PublishedView(
        np.array([N, N, N, 21, 22, 24]),
        np.array([*hidden, SHOWN, SHOWN, SHOWN]),
        ((3, (0, 1)), (4, (1, 2)), (5, (0, 2))),
        tuple((c,) for c in "abcdef"),
        rule=RULE,
    )
    with pytest.raises(InputError):
        attack(view)


def test_whole_numbers_are_decided_where_real_numbers_would_look_safe():
    """x = y and x + y + z = 9, z known to be 2 to 5: real numbers reach both ends, whole ones only 3 and 5."""
    bound = np.full(6, UNBOUNDED)
    bound[2] = 5
    view = PublishedView(
        np.array([N, N, N, N, N, 9]),
        np.array([BLANK, BLANK, BLANK, ABSENT, ABSENT, SHOWN]),
        ((3, (0, 4)), (3, (1, 4)), (5, (0, 1, 2))),
        tuple((c,) for c in "xyzstu"),
        known_low=np.array([0, 0, 2, 0, 0, 0]),
        known_high=bound,
        rule=RULE,
    )
    for budget in (AttackBudget(), AttackBudget(exact_cells=0)):
        z = next(f for f in attack(view, budget=budget).cells if f.cell == 2)
        assert z.verdict == RECOVERABLE
        assert (z.low, z.high) == (3, 5)


def test_what_the_limits_leave_open_is_undecided_and_blocks():
    nothing = AttackBudget(pulls=0, walks=0, iterations=0, nodes=0, exact_cells=0)
    system = cube(synthetic((8, 4, 2), 2.5, 1))
    blank = (system.values > 0) & (system.level == 0)
    report = attack(as_published(system, blank, annotation="combined"), budget=nothing)
    assert report.figures[UNDECIDED] > 0
    assert not report.passed
    with pytest.raises(AuditFailed) as error:
        report.require_safe()
    assert error.value.slug in ("attack-undecided", "hidden-count-recoverable")


def test_a_failed_attack_names_coordinates_and_counts_only():
    with pytest.raises(AuditFailed) as error:
        attack(column([ONE, 5001, 6002], 11_011)).require_safe()
    assert error.value.slug == "hidden-count-recoverable"
    assert "(A1)" in str(error.value)
    assert not any(number in str(error.value) for number in ("5001", "6002", "11011", " 8"))


def three_way():
    """2 x 2 x 2 with all margins, all inner cells blank."""
    rng = np.random.default_rng(0)
    cells = rng.integers(6, 13, (2, 2, 2))
    full = cells
    for axis in range(3):
        full = np.concatenate([full, full.sum(axis=axis, keepdims=True)], axis=axis)
    index = np.arange(27).reshape(3, 3, 3)
    equations = []
    for axis in range(3):
        for line in np.moveaxis(index, axis, -1).reshape(-1, 3):
            equations.append((int(line[2]), (int(line[0]), int(line[1]))))
    state = np.full((3, 3, 3), SHOWN)
    state[:2, :2, :2] = BLANK
    value = np.where(state == SHOWN, full, N)
    keys = tuple((int(i),) for i in range(27))
    return PublishedView(value.ravel(), state.ravel(), tuple(equations), keys, rule=RULE)


def test_the_proof_of_a_three_way_table_is_checked_without_the_solver():
    view = three_way()
    report = attack(view)
    assert report.passed
    assert verify_witnesses(view, report.witnesses).complete


def test_the_attack_shares_no_code_with_the_suppressor_and_reads_no_other_room():
    other_rooms = ("disclosure.protect", "sources", "quality", "tables", "gate", "release", "staging", "portals")
    forbidden = tuple(f"include.opendata.{name}" for name in other_rooms)
    for path in Path(room.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(forbidden), f"{path.name} imports {name}"


def test_the_attack_keeps_no_table_that_contradicts_what_is_published():
    view = column([HIDDEN, HIDDEN, 60], 90)
    low, high = propagate(view)
    part = Part(view, np.array([0, 1]), low, high, 0, AttackBudget())
    assert part.keep(np.array([10, 20]))
    assert not part.keep(np.array([11, 20]))
    assert not part.keep(np.array([31, -1]))
    assert len(part.tables) == 1
