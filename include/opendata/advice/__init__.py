"""The design advisor: what a coarser table would show that this one must hide.

``coarsenings`` finds the ways a table's dimensions can be made coarser, ``changes`` makes the declaration of the coarser
table, ``visibility`` works out on the data how much of it would be shown, ``advisor`` tries, ranks and words it. It is for the
steward and the coordinator, who choose a design *before* anything is suppressed (DDG 2.0 §4.4); it changes nothing itself.
"""

from include.opendata.advice.advisor import MOST_TRIED, Advice, Progress, Proposal, advise_table, in_silence, left_out
from include.opendata.advice.coarsenings import Coarsening, coarsenings
from include.opendata.advice.visibility import Visibility

__all__ = [
    "MOST_TRIED",
    "Advice",
    "Coarsening",
    "Progress",
    "Proposal",
    "Visibility",
    "advise_table",
    "coarsenings",
    "in_silence",
    "left_out",
]
