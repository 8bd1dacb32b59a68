"""Refusals, figures and budgets of suppression, beyond the worked examples."""

import random

import numpy as np
import pytest

from include.opendata.disclosure.attack import attack
from include.opendata.disclosure.protect import (
    COMPLEMENTARY,
    Budget,
    CellSystem,
    Equation,
    attacker_bounds,
    open_groups,
    primary,
    suppress,
)
from include.opendata.disclosure.protect.feasible import FeasibleTables
from include.opendata.disclosure.protect.programs import Limits
from include.opendata.disclosure.protect.suppress import _Search
from include.opendata.errors import Refused
from tests.lib.random_cubes import as_published, column, cube, synthetic
from tests.lib.rules import RULE, rule

PERIODS = {1: {"1980-1984": range(5), "1985-1990": range(5, 11), "1991-1996": range(11, 17)}}


def test_nothing_small_hides_nothing():
    system = cube([[20, 30], [40, 50]])
    assert not suppress(system, primary(system, RULE), rule=RULE, annotation="separate", seed=0).hidden.any()


def test_a_small_cell_that_is_already_public_is_an_incident():
    system = column([4, 50, 60])
    frozen = np.array([True, False, False, False])
    with pytest.raises(Refused) as refusal:
        suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0, frozen=frozen)
    assert refusal.value.slug == "small-cell-already-public"


def test_without_a_cell_left_to_hide_the_table_is_refused():
    system = column([4, 0, 60])
    with pytest.raises(Refused) as refusal:
        suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0, frozen=~primary(system, RULE))
    assert refusal.value.slug == "no-safe-suppression"


def test_separate_refused_where_combined_would_not_do_either_says_so():
    system = column([4, 0, 60])
    with pytest.raises(Refused) as refusal:
        suppress(system, primary(system, RULE), rule=RULE, annotation="separate", seed=0, frozen=~primary(system, RULE))
    assert refusal.value.slug == "separate-codes-unsafe"
    assert "Combined codes would not do either" in refusal.value.remedy


def test_an_unknown_annotation_mode_is_a_defect():
    system = column([4, 50])
    with pytest.raises(ValueError, match="annotation"):
        suppress(system, primary(system, RULE), rule=RULE, annotation="both", seed=0)


def test_refusals_and_reprs_carry_no_hidden_count():
    system = cube([[7, 6543], [8765, 5432]])
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0)
    assert not any(number in repr(protected) for number in ("6543", "8765", "5432"))


def test_figures_add_up():
    system = cube(synthetic((8, 5), 2.5, 1))
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0)
    assert protected.figures["small"] + protected.figures["complementary"] == protected.hidden.sum()
    complements = {cell for cell, _ in protected.reasons}
    assert complements == set(np.flatnonzero(protected.codes == COMPLEMENTARY).tolist())
    assert {rule for _, rule in protected.reasons} <= {"two-per-group", "rule-6", "attack"}


def test_events_of_few_persons_are_protected_although_the_count_is_large():
    persons = np.array([3, 45, 200, 248])
    system = column([40, 50, 300], persons=persons)
    for annotation in ("separate", "combined"):
        protected = suppress(system, primary(system, RULE), rule=RULE, annotation=annotation, seed=0)
        assert protected.hidden[0]
        assert protected.figures["complementary"] >= 1
        assert attack(as_published(system, protected.hidden, annotation=annotation)).passed


def test_the_declared_width_is_honoured():
    system = column([1, 12, 40, 90])
    wide = rule(width=12)
    protected = suppress(system, primary(system, wide), rule=wide, annotation="combined", seed=0)
    assert attack(as_published(system, protected.hidden, annotation="combined", rule=wide)).passed


def test_a_budget_of_nothing_refuses_rather_than_publishing():
    system = cube(synthetic((6, 4, 2), 2.5, 1))
    nothing = Budget(walks=0, limits=Limits(iterations=0, nodes=0), rounds=1)
    with pytest.raises(Refused):
        suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0, budget=nothing)


@pytest.mark.parametrize("annotation", ["separate", "combined"])
@pytest.mark.parametrize("base", [1.5, 3.0])
def test_counties_by_year_with_periods_and_state_totals_are_protected_and_withstand_the_attack(annotation, base):
    """As large as 58 counties over 17 years, most cells small or zero."""
    system = cube(synthetic((58, 17), base, 0), groups=PERIODS)
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation=annotation, seed=1)
    assert attack(as_published(system, protected.hidden, annotation=annotation)).passed


def test_a_four_way_table_that_two_per_row_leaves_open_is_protected():
    system = cube(synthetic((4, 5, 2, 2), 2.0, 3))
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=1)
    assert attack(as_published(system, protected.hidden, annotation="combined")).passed


def test_a_pattern_that_the_search_calls_finished_too_early_is_refused_by_the_final_check(monkeypatch):
    """One on each of nine cells with a total of nine: nothing but the final check is left to notice."""
    system = column([1] * 9)
    monkeypatch.setattr(_Search, "_open_up", lambda search: None)
    with pytest.raises(Refused) as refusal:
        suppress(system, primary(system, RULE), rule=RULE, annotation="separate", seed=0)
    assert refusal.value.slug == "separate-codes-unsafe"


def test_a_count_that_published_figures_narrow_down_is_no_complement():
    """The smallest candidate is known to be 10 to 12 whatever is blank; in combined mode it would look like a small count."""
    system = column([4, 12, 40, 60], known_low=np.array([0, 10, 0, 0, 0]), known_high=np.array([99, 12, 99, 99, 999]))
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0)
    assert protected.codes.tolist() == [1, 0, 2, 0, 0]


def linked_by_two_equations():
    """a + b + s = p, p + x = t and p = x + c: p follows from two equations together, and with it a + b = 9."""
    #                  a  b  s   p   x   c   t
    values = np.array([4, 5, 50, 59, 39, 20, 98])
    equations = (Equation(3, (0, 1, 2)), Equation(6, (3, 4)), Equation(3, (4, 5)))
    published = np.array([1, 1, 1, 0, 0, 1, 1], dtype=bool)
    return CellSystem(values, published, equations, tuple((name,) for name in "abspxct"))


def test_a_small_group_whose_total_follows_from_several_equations_is_found_and_freed():
    system = linked_by_two_equations()
    small = primary(system, RULE)
    assert not open_groups(system, small, RULE)  # no single equation gives it away
    assert attack(as_published(system, small, annotation="combined")).figures["failing_groups"] == 1
    protected = suppress(system, small, rule=RULE, annotation="combined", seed=0)
    assert protected.figures["complementary"] == 1
    assert attack(as_published(system, protected.hidden, annotation="combined")).passed


def test_the_search_keeps_no_table_that_breaks_an_equation_or_a_bound():
    system = column([4, 50, 60])
    small = primary(system, RULE)
    hidden = small | (system.values == 50)
    bounds = attacker_bounds(system, hidden, small, "separate", RULE)
    tables = FeasibleTables(system, *bounds, random.Random(0), Budget())
    assert tables.add(np.array([7, 47, 60, 114]))
    assert not tables.add(np.array([9, 47, 60, 114]))
    assert not tables.add(np.array([11, 43, 60, 114]))
    assert not tables.add(np.array([8, 46, 60, 113]))


def search(system, annotation):
    nothing = np.zeros(system.size, dtype=bool)
    return _Search(system, primary(system, RULE), nothing, annotation, RULE, 0, Budget())


def test_with_combined_codes_every_blank_must_stay_uncertain_with_separate_codes_every_small_one():
    system = column([4, 50, 60])
    hidden = primary(system, RULE) | (system.values == 50)
    assert [t.cells for t in search(system, "combined")._targets(hidden)] == [(0,), (1,)]
    assert [t.cells for t in search(system, "separate")._targets(hidden)] == [(0,)]


def test_complements_that_only_protect_each_other_are_given_back_together():
    """Four large cells at the corners of a box: none can be shown alone, all of them can."""
    system = cube([[20, 30, 40], [50, 60, 70], [25, 35, 45]])
    box = [system.keys.index((row, col)) for row in ("v0", "v1") for col in ("v0", "v1")]
    run = search(system, "combined")
    run.hidden[box] = True
    run.reasons.update(dict.fromkeys(box, "attack"))
    run.tables = FeasibleTables(system, *run._bounds(run.hidden), run.rng, run.budget)
    run._give_back()
    assert not run.hidden.any()
    assert not run.reasons


def test_a_cell_in_no_table_that_only_several_groups_together_narrow_down_is_protected():
    v0, v1, v2, total = "v0", "v1", "v2", "Total"
    absent = [
        (v0, v0, total), (v0, v1, v0), (v0, v2, v1), (v0, v2, total), (v0, total, v1), (v0, total, total),
        (v1, v1, total), (v1, v2, v0), (v1, total, total), (total, v0, total), (total, v1, total), (total, total, v1),
    ]  # fmt: skip
    system = cube([[[12, 0], [12, 10], [10, 11]], [[2, 20], [0, 2], [3, 11]]], unpublished=absent)
    protected = suppress(system, primary(system, RULE), rule=RULE, annotation="combined", seed=0)
    assert attack(as_published(system, protected.hidden, annotation="combined")).passed
