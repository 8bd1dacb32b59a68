"""An attacker who sees only what would be published, tried before it is published.

``view`` is what the public sees, ``attack`` the verdict on every blank, ``witness`` the proof and its independent check.
``propagate``, ``search`` and ``solver`` are how the attack reasons. This room shares no code with the one that suppresses,
so that a mistake there is not repeated here.
"""

from include.opendata.disclosure.attack.attack import attack
from include.opendata.disclosure.attack.report import AttackReport, CellFinding, GroupFinding
from include.opendata.disclosure.attack.search import RECOVERABLE, SAFE_LP, SAFE_WITNESS, UNDECIDED, AttackBudget
from include.opendata.disclosure.attack.view import PublishedView, rate_bounds
from include.opendata.disclosure.attack.witness import Verification, Witnesses, verify_witnesses
from include.opendata.disclosure.cell_states import (
    ABSENT,
    BLANK,
    CODE_COMPLEMENTARY,
    CODE_SMALL,
    NOT_SHOWN,
    SHOWN,
    UNBOUNDED,
)

__all__ = [
    "ABSENT",
    "BLANK",
    "CODE_COMPLEMENTARY",
    "CODE_SMALL",
    "NOT_SHOWN",
    "RECOVERABLE",
    "SAFE_LP",
    "SAFE_WITNESS",
    "SHOWN",
    "UNBOUNDED",
    "UNDECIDED",
    "AttackBudget",
    "AttackReport",
    "CellFinding",
    "GroupFinding",
    "PublishedView",
    "Verification",
    "Witnesses",
    "attack",
    "rate_bounds",
    "verify_witnesses",
]
