"""What the audit measurement hands the stranger, and what it prints."""

import numpy as np
import pytest

from bench import audit, synthetic
from include.opendata.disclosure.attack import BLANK, CODE_COMPLEMENTARY, CODE_SMALL, NOT_SHOWN, SHOWN
from include.opendata.disclosure.protect.cube import suppress_cube
from tests.lib.rules import RULE


@pytest.mark.parametrize(
    ("mode", "states"), [("combined", {SHOWN, BLANK}), ("separate", {SHOWN, CODE_SMALL, CODE_COMPLEMENTARY})]
)
def test_the_stranger_gets_shown_counts_and_codes_alone(mode, states):
    cube = synthetic.many(99, 1)[0]
    codes = suppress_cube(cube, rule=RULE, annotation="combined", seed=0).codes
    view = audit.published(cube, codes, mode)
    hidden = codes.ravel() != 0
    assert (view.value[hidden] == NOT_SHOWN).all()
    assert (view.value[~hidden] == cube.values.ravel()[~hidden]).all()
    assert set(np.unique(view.state).tolist()) == states
    if mode == "separate":
        assert ((view.state == CODE_SMALL) == cube.small(RULE).ravel()).all()


def test_a_row_gives_both_times_their_ratio_and_the_verdicts():
    found = audit.measure("t3", 0, "combined")
    assert found.ratio == found.auditing / found.protecting
    assert found.verdicts["undecided"] == found.verdicts["recoverable"] == 0
    assert found.verdicts["safe_with_witness"] + found.verdicts["safe_by_lp"] == found.blanks
    assert len(found.columns()) == len(audit.HEAD) == len(audit.WIDTHS)


def test_a_refusal_says_so_instead_of_a_ratio():
    refused = audit.Measurement("t4", 0, "separate", 0, 3.5, 0.0, None, 0.0)
    assert "refused" in refused.columns()
    assert len(refused.columns()) < len(audit.HEAD)


@pytest.mark.parametrize("rows", ["t9:combined", "t3:both", "t3"])
def test_unknown_tables_and_modes_are_turned_away(rows, capsys):
    with pytest.raises(SystemExit) as left:
        audit.main(["--rows", rows])
    assert left.value.code == 2
    assert "unknown table or mode" in capsys.readouterr().err
