"""The one list of the steps of a refresh: the command line, the DAGs, `make refresh` and the documentation read it.

Data only. What a step does stands in its module, which is imported when the step is performed (``door``): Airflow reads this
list hundreds of times an hour and must not pay for pandas, DuckDB or Great Expectations.

A new step is an entry here and a module with ``perform``; docs/developing.md says how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pool = Literal["heavy", "portal"]
"""``heavy``: holds a whole snapshot in reach · ``portal``: writes to a portal, which many datasets share."""


@dataclass(frozen=True)
class Step:
    """One step of a refresh.

    ``done``: what it did, in the words of the people it is done for; it follows "the step" · ``module``: where its story is,
    None for a step that only Airflow performs because it needs a person or a portal · ``per_table``: performed once for each
    declared table · ``retries``: how often Airflow tries it again, more than 0 only for a step that reaches other
    machines, or people ·
    ``reads``, ``writes``: files of the run's work area and places outside it.
    """

    name: str
    done: str
    module: str | None
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    per_table: bool = False
    retries: int = 0
    pool: Pool | None = None


_ROOM = "include.opendata.pipeline."
# Three more tries over about a quarter of an hour: an outage of minutes ends, a longer one needs people.
_OUTAGE = 3

STEPS: tuple[Step, ...] = (
    Step(
        name="extract",
        done="took a snapshot of the source",
        module=_ROOM + "extract",
        reads=("the source",),
        writes=("snapshot.json", "snapshot/"),
        retries=_OUTAGE,
    ),
    Step(
        name="has_changed",
        done="compared it with the last release",
        module=_ROOM + "has_changed",
        reads=("snapshot.json", "staging", "the ledger"),
        writes=("unchanged.json",),
    ),
    Step(
        name="check_quality",
        done="checked it against its quality suite",
        module=_ROOM + "check_quality",
        reads=("snapshot/", "the source's suite"),
        writes=("quality/source.json", "identifiers/source.json"),
        pool="heavy",
    ),
    Step(
        name="tabulate",
        done="made the data table",
        module=_ROOM + "tabulate",
        reads=("snapshot/", "figures kept for the next extract", "staging"),
        writes=("tables/", "standing/"),
        per_table=True,
        pool="heavy",
    ),
    Step(
        name="assess",
        done="scored the risk of the data table",
        module=_ROOM + "assess",
        reads=("tables/",),
        writes=("assessment/",),
        per_table=True,
    ),
    Step(
        name="protect",
        done="suppressed small cells and tried to undo it",
        module=_ROOM + "protect",
        reads=("tables/", "assessment/", "snapshot/", "staging", "the ledger", "the evidence store"),
        writes=("protected/", "protection.json", "proof/"),
        pool="heavy",
    ),
    Step(
        name="check_publishable",
        done="checked that the data table may be shown",
        module=_ROOM + "check_publishable",
        reads=("protected/", "the table's suite"),
        writes=("quality/", "identifiers/"),
        per_table=True,
    ),
    Step(
        name="build_release",
        done="wrote the release: files, metadata, evidence",
        module=_ROOM + "build_release",
        reads=("snapshot.json", "protected/", "assessment/", "quality/", "identifiers/", "protection.json", "staging"),
        writes=("release/", "release.json", "changes/"),
    ),
    Step(
        name="request_approvals",
        done="stated what is to be approved, and by whom",
        module=_ROOM + "request_approvals",
        reads=("assessment/", "snapshot.json", "release.json", "the ledger"),
        writes=("approval.json", "keep_until.json", "the ledger"),
    ),
    Step(
        name="ask_approvers",
        done="asked an approver",
        module=None,  # waits for a person: dags/approval_task.py; on the command line people answer with `approve`
        reads=("approval.json", "the ledger"),
        writes=("the ledger",),
        retries=2,
    ),
    Step(
        name="check_approvals",
        done="made sure of the approvals",
        module=_ROOM + "check_approvals",
        reads=("approval.json", "the ledger"),
        writes=(),
    ),
    Step(
        name="stage",
        done="moved it to portal staging",
        module=_ROOM + "stage",
        reads=("release/", "release.json", "approval.json", "changes/", "proof/", "standing/", "the ledger"),
        writes=("staging", "the ledger", "the evidence store", "figures kept for the next extract", "unchanged.json"),
        retries=_OUTAGE,
    ),
    Step(
        name="finish",
        done="closed the run and emptied its work area",
        module=_ROOM + "finish",
        reads=("unchanged.json",),
        writes=("the ledger",),
        retries=_OUTAGE,
    ),
    Step(
        name="publish",
        done="made the portal show it",
        module=None,  # needs a portal and its token: dags/step_task.py; on the command line `publish` is a command
        reads=("staging", "the ledger"),
        writes=("the portal", "the ledger"),
        retries=_OUTAGE,
        pool="portal",
    ),
)
_BY_NAME = {step.name: step for step in STEPS}


def step_named(name: str) -> Step:
    """The step of that name. Raises KeyError for a name that is not in the list."""
    return _BY_NAME[name]
