"""The one rule about small counts: what is small, how far a hidden count must stay open, and the words for it.

Made once, from the rule book and what a declaration raises, and handed whole to everything that hides, attacks, re-checks or
words something. Whoever needs a number of it asks this object; no default stands anywhere else (DDG 2.0 §4.4.1).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from include.opendata.rules.criteria import Criterion


class SmallCellRule(Criterion):
    """``below``: counts from 1 to one less are small, zero is not · ``width``: the least distance between the smallest and the
    largest value a hidden count can have for an attacker · ``all_at_most``: a group whose hidden counts are all this small
    needs one more (DDG 2.0 §4.4.1 (6)) · ``section``: where the rule stands."""

    below: int = Field(ge=2)
    width: int = Field(ge=1)
    all_at_most: int = Field(ge=1)
    section: str

    @model_validator(mode="after")
    def _can_be_kept(self) -> SmallCellRule:
        # With separate codes a reader knows of a small blank that it is 1 to the largest small count: no blank can be
        # wider than that, so a greater width could never be met and every release would be refused.
        if self.width > self.largest - 1:
            raise ValueError(
                f"counts {self.words} are at most {self.largest - 1} apart, so a hidden one cannot keep a width of {self.width}"
            )
        if self.all_at_most > self.largest:
            raise ValueError(f"`all_at_most` is about hidden small counts, which are {self.words}")
        return self

    def raised_to(self, below: int | None) -> SmallCellRule:
        """This rule with a threshold that a declaration raised; never a lower one."""
        return self if below is None or below <= self.below else self.model_copy(update={"below": below})

    @property
    def largest(self) -> int:
        """The largest small count."""
        return self.below - 1

    @property
    def words(self) -> str:
        """The small counts in words, such as ``from 1 to 10``."""
        return f"from 1 to {self.largest}"

    @property
    def sign(self) -> str:
        """What dictionaries and metadata write for a small count, such as ``<11``."""
        return f"<{self.below}"
