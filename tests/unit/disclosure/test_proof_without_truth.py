"""No stored witness is the true table."""

import numpy as np

from include.opendata.disclosure.attack import BLANK, NOT_SHOWN, SHOWN, PublishedView, Witnesses, verify_witnesses
from include.opendata.disclosure.proof_without_truth import without_the_truth
from tests.lib.rules import RULE

TOTAL = 20


def view(total=TOTAL):
    """A total that is shown and two blanks below it."""
    return PublishedView(
        value=np.array([total, NOT_SHOWN, NOT_SHOWN]),
        state=np.array([SHOWN, BLANK, BLANK]),
        equations=((0, (1, 2)),),
        keys=(("t",), ("a",), ("b",)),
        rule=RULE,
    )


def witnesses(*tables):
    return Witnesses(np.array([1, 2]), np.array(tables, dtype=np.int64))


def test_witnesses_that_are_not_the_truth_are_kept_as_they_are():
    given = witnesses([5, 15], [9, 11])
    assert without_the_truth(view(), given, np.array([20, 4, 16])).witnesses is given


def test_the_true_table_is_dropped_where_the_others_prove_as_much():
    kept = without_the_truth(view(), witnesses([5, 15], [4, 16], [9, 11]), np.array([20, 4, 16]))
    assert kept.witnesses.tables.tolist() == [[5, 15], [9, 11]]
    assert kept.withheld == ()


def test_the_true_table_is_replaced_where_the_proof_needs_another_one():
    truth = np.array([20, 4, 16])
    kept = without_the_truth(view(), witnesses([4, 16], [9, 11]), truth)
    assert [4, 16] not in kept.witnesses.tables.tolist()
    assert kept.withheld == ()
    assert verify_witnesses(view(), kept.witnesses).complete


def test_where_only_the_truth_would_prove_it_nothing_is_stored_and_the_cells_are_named():
    truth = np.array([5, 1, 4])
    kept = without_the_truth(view(total=5), witnesses([1, 4], [4, 1]), truth)
    assert [1, 4] not in kept.witnesses.tables.tolist()
    assert kept.withheld == (1, 2)


def test_cells_whose_truth_is_not_known_do_not_hide_the_truth_of_the_others():
    kept = without_the_truth(view(), witnesses([4, 16], [5, 15], [9, 11]), np.array([20, 4, -1]))
    assert [4, 16] not in kept.witnesses.tables.tolist()
