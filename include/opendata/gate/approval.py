"""What the approvers approved, what has changed since, and which answers still count (Handbook, Governance).

An approval is of something: the tables with their dimensions and categories, the masking policy, the answers to the
permission questions, the source's columns, and the band each score falls in. A digest of these facts is what an answer is
bound to. A refresh within them needs no one; when one of them changes, no earlier answer covers what is to be published.

Titles, descriptions, definitions, file formats and expected figures may change freely: they say nothing of what is shown.
Everything else of a table's declaration counts, fields of a later day included: a doubtful change asks the approvers.

It decides which answers count; where they are kept is the ledger's business, and who may give one that of whoever asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.gate.assessment import Assessment
from include.opendata.ledger.approvals import Answer
from include.opendata.rules.release import permission_rules, thresholds
from include.opendata.rules.rule_book import follows_shipped_book, rule_book_digest
from include.opendata.storage.digests import sha256_of_json

SECTION = "Handbook, Governance"
# What may change without asking anybody: words for the reader, and checks on figures.
_FREE = frozenset(
    {"title", "description", "label", "definition", "where", "expected_totals", "tolerances", "formats", "refresh"}
)
_LISTED_BY = ("table", "name", "label", "column")

State = Literal["given", "missing", "rejected", "void", "expired"]


class TableScore(TypedDict):
    """Which side of the limit a table's score lies on, and what that leads to."""

    band: str
    masking: bool


class SourceFacts(TypedDict):
    """What a source is, and its columns with their types."""

    record: str
    survey: bool
    columns: dict[str, str]


MaskingPolicy = TypedDict(
    "MaskingPolicy",
    {"small cells below": int, "rule book": NotRequired[str], "other datasets": NotRequired[dict[str, str]]},
)


class ApprovedFacts(TypedDict):
    """What an approval covers, as plain JSON. ``tables`` and ``permission`` are fields of the declaration as they are."""

    tables: object
    masking: MaskingPolicy
    permission: dict[str, object]
    source: SourceFacts
    score: dict[str, TableScore]


@dataclass(frozen=True)
class RoleStatus:
    """How one required role stands to what is to be published. ``answer``: the one that decides, if there is any.

    ``given`` · ``missing``: never asked, or never answered · ``rejected`` · ``void``: given for something else, before a
    change · ``expired``: its date has passed.
    """

    role: str
    state: State
    answer: Answer | None = None

    @property
    def role_name(self) -> str:
        """The role in plain words."""
        return permission_rules().roles[self.role]

    @property
    def sentence(self) -> str:
        """What a coordinator reads of this role."""
        answer = self.answer
        if answer is None:
            return f"{self.role_name}: not given."
        signed = f"{answer.name}, {answer.given_on[:10]}" + (f", {answer.reference}" if answer.reference else "")
        match self.state:
            case "given":
                return f"{self.role_name}: given ({signed})."
            case "rejected":
                return f"{self.role_name}: rejected ({signed})." + (
                    f" Reason: {answer.comment}" if answer.comment else ""
                )
            case "expired":
                return f"{self.role_name}: given ({signed}), expired on {answer.expires_on}."
            case _:
                return f"{self.role_name}: given ({signed}) for what was to be published before a change; it is void."


def approved_facts(
    dataset: Dataset, assessments: Mapping[str, Assessment], schema: Sequence[tuple[str, str]]
) -> ApprovedFacts:
    """What an approval covers.

    ``assessments``: one per declared table · ``schema``: (column, type) as the source was read.
    """
    limit = thresholds().score.publish_up_to
    declared = dataset.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    scores: dict[str, TableScore] = {}
    for name in sorted(assessments):
        assessment = assessments[name]
        total = assessment.score.total if assessment.score is not None else None
        scores[name] = {
            "band": "not scored" if total is None else f"{limit} or less" if total <= limit else f"more than {limit}",
            "masking": assessment.masking_required,
        }
    levels = sorted({str(a.permission.level) for a in assessments.values()})
    return {
        "tables": _without_words(declared["tables"]),
        "masking": _masking_policy(dataset),
        "permission": {
            **{k: v for k, v in dataset.permission.model_dump(mode="json").items() if not k.endswith("_note")},
            "level": ", ".join(levels),
            "personal characteristics": dataset.personal_characteristics,
        },
        "source": {
            "record": dataset.source.record,
            "survey": dataset.survey,
            "columns": dict(schema),
        },
        "score": scores,
    }


def _masking_policy(dataset: Dataset) -> MaskingPolicy:
    """The policy for small counts; another rule book than the shipped one is named, with what it says as a digest."""
    policy: MaskingPolicy = {"small cells below": dataset.small_cell_rule.below}
    if not follows_shipped_book():
        policy["rule book"] = f"{thresholds().title} ({rule_book_digest()[:12]})"
    if dataset.other_datasets:
        policy["other datasets"] = {name: said.relation for name, said in sorted(dataset.other_datasets.items())}
    return policy


def digest_of(facts: Mapping[str, object]) -> str:
    """SHA-256 of the facts, whatever order their fields came in."""
    return sha256_of_json(facts, ensure_ascii=False)


def changes(before: Mapping[str, object], now: Mapping[str, object]) -> tuple[str, ...]:
    """What is different, a sentence each; empty when nothing is."""
    return tuple(_differences(_named(before), _named(now), ()))


def role_statuses(
    required: Sequence[str], answers: Sequence[Answer], digest: str, *, today: dt.date
) -> tuple[RoleStatus, ...]:
    """How each required role stands to the facts of ``digest``, in the order they are asked.

    Of the answers of one role to these facts the last one decides, so that an approval can be taken back. ``answers`` are
    in the order they were recorded.
    """
    return tuple(_role_status(role, answers, digest, today) for role in required)


def require_approved(statuses: Sequence[RoleStatus], place: Place, *, digest: str) -> None:
    """Raises Refused (``approval-rejected`` or ``approval-missing``) unless every required role's approval is given."""
    if not statuses:
        raise Refused(
            "the permission level asks for no approval, so no one can answer for this release",
            remedy="Answer the permission questions of the declaration; only levels 1 and 2 can be published.",
            slug="permission-open",
            place=place,
        )
    not_given = [status for status in statuses if status.state != "given"]
    if not not_given:
        return
    details = tuple(f"{status.sentence} ({SECTION})" for status in not_given)
    if any(status.state == "rejected" for status in not_given):
        raise Refused(
            "an approver rejected this release",
            remedy="Change what was objected to and start the refresh again, which asks again.",
            slug="approval-rejected",
            place=place,
            details=details,
        )
    raise Refused(
        "an approval is missing",
        remedy="Answer in Airflow (Required Actions), or record the signed form with "
        f"`bin/opendata approve {place.dataset}`; what is to be approved is {digest[:12]}.",
        slug="approval-missing",
        place=place,
        details=details,
    )


def _role_status(role: str, answers: Sequence[Answer], digest: str, today: dt.date) -> RoleStatus:
    of_role = [answer for answer in answers if answer.role == role]
    to_these_facts = [answer for answer in of_role if answer.digest == digest]
    if to_these_facts:
        return RoleStatus(role, _state(to_these_facts[-1], today), to_these_facts[-1])
    approvals = [answer for answer in of_role if answer.choice == "approve"]
    return RoleStatus(role, "void", approvals[-1]) if approvals else RoleStatus(role, "missing")


def _state(answer: Answer, today: dt.date) -> State:
    if answer.choice != "approve":
        return "rejected"
    expired = answer.expires_on is not None and dt.date.fromisoformat(answer.expires_on) < today
    return "expired" if expired else "given"


def _without_words(value: object) -> object:
    """The declaration without what is free to change; what a category is called stays, for it is what is shown."""
    if isinstance(value, dict):
        named = {
            k: _without_words(v) for k, v in value.items() if k not in _FREE or (k == "label" and "name" not in value)
        }
        return named
    return [_without_words(item) for item in value] if isinstance(value, list) else value


def _named(value: object) -> object:
    """Lists of things that bear a name as mappings, so that what moved is not taken for what changed."""
    if isinstance(value, dict):
        return {k: _named(v) for k, v in sorted(value.items())}
    if not isinstance(value, list):
        return value
    key = next((key for key in _LISTED_BY if _names_each(key, value)), None)
    if key is None:
        return [_named(item) for item in value]
    return {str(item[key]): _named(_without(item, key)) for item in value}


def _without(item: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in item.items() if name != key}


def _names_each(key: str, items: list[object]) -> bool:
    """Whether every item is a mapping with this field, and no two have the same in it."""
    named = [item[key] for item in items if isinstance(item, dict) and key in item]
    return bool(items) and len(set(named)) == len(items)


def _differences(before: object, now: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        yield from _field_differences(before, now, path)
    elif before != now:
        yield f"{_where(path)}{_shown(before)} became {_shown(now)}."


def _field_differences(before: Mapping[str, object], now: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    for key in [*before, *(k for k in now if k not in before)]:
        if key not in now:
            yield f"{_where(path)}{key} is no longer there."
        elif key not in before:
            yield f"{_where(path)}{key} was added{_value_added(now[key])}."
        else:
            yield from _differences(before[key], now[key], (*path, key))
    if list(before) != list(now) and set(before) == set(now):
        yield f"{_where(path)}the order changed."


def _where(path: tuple[str, ...]) -> str:
    return f"{', '.join(path)}: " if path else ""


def _value_added(value: object) -> str:
    return "" if isinstance(value, dict | list) else f" ({_shown(value)})"


def _shown(value: object) -> str:
    if value is None:
        return "not answered"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(_shown(item) for item in value) or "none" if isinstance(value, list) else str(value)
