"""What a data steward answers to the release-permission questions (Handbook, Governance).

A question left unanswered stays open: it is never read as “no”. What the answers lead to is decided in
``gate.permission``; the questions themselves are in ``permission.yaml``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Sensitivity = Literal[
    "not_mandated",
    "policy_implications",
    "media_attention",
    "legislation",
    "enforcement_or_litigation",
    "shared_ownership",
]
"""What makes a table sensitive; the sentences are in ``permission.yaml`` and a test keeps the two lists the same."""

Note = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _answer(question: str) -> Any:
    return Field(default=None, description=question)


class PermissionAnswers(BaseModel):
    """The answers, each with room for the reason behind it (``…_note``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    individual_records: bool | None = _answer("Does the table hold information about individuals, record by record?")
    individual_records_note: Note | None = None
    prohibited_by_law: bool | None = _answer("Does any law, regulation or order prohibit its release?")
    prohibited_by_law_note: Note | None = None
    originates_solely_in_program: bool | None = _answer("Do the data originate solely within the program?")
    originates_solely_in_program_note: Note | None = None
    sensitivities: tuple[Sensitivity, ...] | None = Field(
        default=None, description="What makes the table sensitive; an empty list says that nothing does."
    )
    sensitivities_note: Note | None = None
    data_use_agreement: bool | None = _answer("Is there a data use agreement or MOU with the owners?")
    data_use_agreement_note: Note | None = None
    owner_permission: bool | None = _answer("Have the owners given permission?")
    owner_permission_note: Note | None = None
    mandate: bool | None = _answer("Is there a mandate to release it?")
    mandate_note: Note | None = None
    already_public: bool | None = _answer(
        "Is it already public, on a web site or through a Public Records Act release?"
    )
    already_public_note: Note | None = None
