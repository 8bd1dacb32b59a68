"""The declaration of a dataset: one YAML file that a data steward reads and writes, and everything else follows from."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from include.opendata.declaration.base import Email, Slug, Strict, Text, WebAddress
from include.opendata.declaration.choices import ApprovalRole, Frequency, Granularity, Topic
from include.opendata.declaration.other_datasets import OtherDataset
from include.opendata.declaration.source import Source
from include.opendata.declaration.tables import Table
from include.opendata.rules.answers import PermissionAnswers
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule


class Person(Strict):
    """A person, or an office, to turn to."""

    name: Text
    email: Email


class Coverage(Strict):
    """The time and the place the data speak of."""

    start: dt.date
    end: dt.date
    geography: Text
    granularity: Granularity


class Approval(Strict):
    """An approval obtained, as its signed form has it (Handbook, Governance)."""

    role: ApprovalRole
    name: Text
    date: dt.date
    reference: Annotated[Text, Field(description="Where the signed form is kept.")]
    expires: Annotated[dt.date | None, Field(default=None, description="The last day it counts; left out: no end.")] = (
        None
    )
    covers: Annotated[
        str | None,
        Field(
            default=None,
            pattern=r"^[0-9a-f]{12,64}$",
            description="What was approved, as `bin/opendata approvals ID` names it. Left out: the tables as they are the "
            "first time a run meets this form.",
        ),
    ] = None


class ApprovalDeadline(Strict):
    """How long a run waits for its approvers (days)."""

    days: Annotated[
        int, Field(default=14, ge=1, le=90, description="Then the run fails and says who did not answer.")
    ] = 14
    remind_after: Annotated[
        int, Field(default=3, ge=1, le=90, description="From then on the daily watch reminds of it.")
    ] = 3


class Mitigation(Strict):
    """A circumstance an expert documents beside the score. It is shown to the approvers; it lowers nothing by itself."""

    table: Annotated[Slug | None, Field(default=None, description="The table it is about; left out: all of them.")] = (
        None
    )
    who: Text
    when: dt.date
    why: Text
    expires: dt.date


class Quality(Strict):
    """The suite the source must pass before anything is made of it."""

    suite: Annotated[Text, Field(description="A suite in great_expectations/expectations/, without `.json`.")]


class Dataset(Strict):
    """A dataset and the data tables published from it."""

    dataset: Slug
    title: Text
    description: Text
    department: Text
    program: Text
    program_web_page: WebAddress
    steward: Person
    contact: Person
    owner: Annotated[
        Text | None, Field(default=None, description="Who answers for the runs in Airflow. Left out: the department.")
    ] = None
    topic: Topic
    tags: Annotated[list[Text], Field(min_length=1)]
    frequency: Frequency
    language: Text = "English"
    coverage: Coverage
    source_link: WebAddress
    citation: Text | None = None
    limitations: Text
    statutes: Annotated[list[Text], Field(min_length=1, description="The laws that govern the data.")]
    related_resources: list[WebAddress] = []
    schedule: Annotated[
        str | None,
        Field(default=None, description="A cron expression or @daily, @weekly, @monthly …; left out: by hand only."),
    ] = None
    seed: Annotated[
        int,
        Field(
            default=20250303,
            ge=0,
            lt=2**31,
            description="Breaks near-ties when cells are hidden; recorded with each release.",
        ),
    ] = 20250303
    small_cells_below: Annotated[
        int | None,
        Field(
            default=None,
            description="Hides counts below this where masking applies. Left out: the rule book's number; it may only be "
            "raised.",
        ),
    ] = None
    source: Source
    survey: Annotated[
        bool,
        Field(default=False, description="Whether the records are a sample: estimates from under 30 cases are hidden."),
    ] = False
    quality: Quality
    personal_characteristics: Annotated[
        bool, Field(default=True, description="Whether the tables describe people (DDG 2.0 §4, first step).")
    ] = True
    permission: PermissionAnswers
    approvals: list[Approval] = []
    approval_deadline: ApprovalDeadline = ApprovalDeadline()
    mitigations: list[Mitigation] = []
    other_datasets: Annotated[
        dict[Slug, OtherDataset],
        Field(
            default={},
            description="By a dataset's id, what the data coordinator answered when a refresh asked whether it counts the same "
            "records. An answer in one of the two declarations is enough.",
        ),
    ] = {}
    tables: Annotated[list[Table], Field(min_length=1)]
    open_questions: Annotated[
        list[Text],
        Field(
            default=[],
            description="What is still to be found out. A refresh is refused while one is left, and while any text begins "
            "with `OPEN QUESTION:`; take each out once it is answered.",
        ),
    ] = []

    @property
    def small_cell_rule(self) -> SmallCellRule:
        """The rule book's rule about small counts, with the threshold this declaration raises it to (DDG 2.0 §4.4.1)."""
        return thresholds().small_cell.raised_to(self.small_cells_below)

    def table(self, name: str) -> Table:
        """The table called ``name``; KeyError when there is none."""
        for table in self.tables:
            if table.table == name:
                return table
        raise KeyError(name)
