"""The comparison with tau-ARGUS reads its answer strictly and counts leaks as the attacker does."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from bench import synthetic, tau_argus
from include.opendata.disclosure.protect.cube import CubeTable
from include.opendata.errors import InputError
from tests.lib.rules import RULE


def cube_of(leaves: list[list[int]]) -> CubeTable:
    return synthetic.cube_of(np.array(leaves))


def written(cube: CubeTable, status: np.ndarray) -> str:
    """What tau-ARGUS would write."""
    codes = tau_argus._codes(cube)
    rows = []
    for at, count in np.ndenumerate(cube.values):
        named = [f'"{codes[a][node]}"' for a, node in enumerate(at)]
        rows.append(";".join([*named, str(count), str(count), str(count), str(status[at]), "0", "0"]))
    return "\n".join(rows) + "\n"


def statuses(cube: CubeTable) -> np.ndarray:
    return np.where(cube.small(RULE), "U", np.where(cube.values == 0, "E", "S"))


def test_the_public_sees_true_sums_and_no_hidden_count():
    cube = cube_of([[3, 20, 0], [40, 5, 60]])
    hidden = cube.small(RULE)
    view = tau_argus.view_of(cube, hidden)
    assert (view.balance @ cube.values.ravel() == 0).all()
    assert len(view.equations) == 3 + 4
    assert (view.value[hidden.ravel()] == -1).all()
    assert view.blank.sum() == 2


def test_a_blank_alone_in_its_row_is_an_exact_leak():
    cube = cube_of([[3, 20], [40, 50]])
    found = tau_argus.leaks(tau_argus.view_of(cube, cube.small(RULE)), 60)
    assert (found.exact, found.narrow, found.undecided) == (1, 0, 0)


def test_four_blanks_that_can_be_one_of_two_are_narrow_and_their_small_sums_are_open():
    cube = cube_of([[2, 1, 90], [1, 2, 90], [90, 90, 90]])
    found = tau_argus.leaks(tau_argus.view_of(cube, cube.small(RULE)), 60)
    assert (found.exact, found.narrow, found.undecided, found.sums) == (0, 4, 0, 4)


def test_blanks_with_room_leak_nothing():
    cube = cube_of([[9, 50, 90], [50, 9, 90], [90, 90, 90]])
    hidden = np.zeros(cube.values.shape, dtype=bool)
    hidden[:2, :2] = True
    found = tau_argus.leaks(tau_argus.view_of(cube, hidden), 60)
    assert (found.exact, found.narrow, found.undecided, found.sums) == (0, 0, 0, 0)


def test_primary_and_secondary_cells_are_told_apart():
    cube = cube_of([[3, 20], [40, 50]])
    status = statuses(cube)
    status[1, 1] = "M"
    pattern = tau_argus.read_pattern(cube, written(cube, status), 1.5)
    assert (pattern.primary, int(pattern.hidden.sum()), pattern.seconds) == (1, 2, 1.5)


@pytest.mark.parametrize(
    ("cell", "status"),
    [((0, 0), "S"), ((1, 1), "U"), ((0, 1), "M")],
    ids=["a small count left shown", "a large count taken for small", "a zero hidden"],
)
def test_a_pattern_under_other_rules_is_not_compared(cell, status):
    cube = cube_of([[3, 0], [40, 50]])
    changed = statuses(cube)
    changed[cell] = status
    with pytest.raises(InputError, match="tau-ARGUS"):
        tau_argus.read_pattern(cube, written(cube, changed), 1.0)


@pytest.mark.parametrize("lines", [slice(0, -1), slice(0, None, 2), None], ids=["one missing", "half missing", "twice"])
def test_an_answer_without_every_cell_once_is_not_compared(lines):
    cube = cube_of([[3, 20], [40, 50]])
    whole = written(cube, statuses(cube)).splitlines()
    answer = whole + whole[:1] if lines is None else whole[lines]
    with pytest.raises(InputError, match="tau-ARGUS"):
        tau_argus.read_pattern(cube, "\n".join(answer), 1.0)


def test_a_missing_tool_is_said_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert tau_argus.main(["--tables", "t3"]) == 2
    said = capsys.readouterr().err
    assert "not installed" in said
    assert "make bench" in said
    assert "Traceback" not in said


def test_a_tool_that_fails_is_said_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tau_argus, "write_batch", lambda cube, percent, place: None)
    with pytest.raises(InputError, match="ended with code"):
        tau_argus.by_tau_argus(cube_of([[3, 20], [40, 50]]), 30, 60)


def test_a_tool_that_takes_too_long_is_given_up():
    assert tau_argus.by_tau_argus(cube_of([[3, 20], [40, 50]]), 30, 0) is None
