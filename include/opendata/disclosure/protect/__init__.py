"""Which counts may not be shown, over all linked tables of a dataset at once (DDG 2.0 §4.4).

``system`` holds the cells and their equations, ``primary`` finds small counts, ``suppress`` hides them and what must go
with them, ``derived`` carries the blanks over to rates and the like. ``groups``, ``feasible``, ``repair`` and
``programs`` are how ``suppress`` does it. The attack on what is then published is another room that shares no code with
this one.
"""

from include.opendata.disclosure.protect.derived import COMPLEMENTARY, SHOWN, SMALL, derived_blank
from include.opendata.disclosure.protect.feasible import Budget
from include.opendata.disclosure.protect.groups import OpenGroup, open_groups
from include.opendata.disclosure.protect.primary import primary
from include.opendata.disclosure.protect.suppress import Suppression, suppress
from include.opendata.disclosure.protect.system import (
    CellSystem,
    Equation,
    attacker_bounds,
)

__all__ = [
    "COMPLEMENTARY",
    "SHOWN",
    "SMALL",
    "Budget",
    "CellSystem",
    "Equation",
    "OpenGroup",
    "Suppression",
    "attacker_bounds",
    "derived_blank",
    "open_groups",
    "primary",
    "suppress",
]
