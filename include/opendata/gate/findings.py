"""What the gate has to say about a table: a slug for programs, a sentence for people, the section it rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["refuse", "mask", "note"]
"""``refuse``: the table cannot be published as it stands. ``mask``: values must be hidden. ``note``: for the reader."""


class GateFinding(BaseModel):
    """One reason behind an assessment. The sentence never carries a value of a record or a hidden count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    severity: Severity
    sentence: str
    section: str
