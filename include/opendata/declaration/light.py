"""What Airflow needs of a declaration at parse time, without the weight of reading it in full.

Only PyYAML is imported: a dag-processor reads hundreds of these every half minute. The full model is checked when the
DAG runs (and by ``bin/opendata check``); this module looks only at what shapes the DAG.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.opendata import places, yaml_reader
from include.opendata.errors import DeclarationError, Place

APPROVAL_DAYS = 14
"""What ``declaration.dataset.ApprovalDeadline`` says where the declaration says nothing; a test keeps them the same."""


@dataclass(frozen=True)
class Outline:
    """What a DAG is made of."""

    dataset: str
    title: str
    schedule: str | None
    owner: str
    department: str
    topic: str
    tags: tuple[str, ...]
    tables: tuple[str, ...]
    doc: str
    approval_days: int
    """How many days a run waits for its approvers."""


def declared_ids(root: Path | None = None) -> list[str]:
    """The ids of all declared datasets, sorted: every folder that holds a ``dataset.yaml``."""
    folder = root or places.datasets()
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if is_there(entry / "dataset.yaml"))


def is_there(declaration: Path) -> bool:
    """Whether there is such a declaration. In a folder that may not be looked into there is one: whoever reads it is told why
    it cannot be used, and the other datasets go on."""
    try:
        return declaration.is_file()
    except PermissionError:
        return True


def read_outline(dataset: str, root: Path | None = None) -> Outline:
    """The outline of one declaration. Raises DeclarationError when a part the DAG is made of is missing or malformed."""
    path = (root or places.datasets()) / dataset / "dataset.yaml"
    data, positions = yaml_reader.read(path, dataset=dataset)
    fields = _Fields(dataset, path, data, positions)
    fields.require_name()
    tables = fields.tables()
    return Outline(
        dataset=dataset,
        title=fields.text("title"),
        schedule=fields.schedule(),
        owner=data["owner"] if isinstance(data.get("owner"), str) else fields.text("department"),
        department=fields.text("department"),
        topic=fields.text("topic"),
        tags=fields.tags(),
        tables=tables,
        doc=_doc(data, tables),
        approval_days=fields.approval_days(),
    )


class _Fields:
    """The fields of one declaration, each checked as it is asked for. What is wrong is raised as a DeclarationError."""

    def __init__(self, dataset: str, path: Path, data: Any, positions: yaml_reader.Positions):
        self._dataset, self._path, self._positions = dataset, path, positions
        if not isinstance(data, dict):
            raise self._wrong((), "a declaration is a list of fields, each `name: value`")
        self._data: Mapping[str, object] = data

    def text(self, field: str) -> str:
        value = self._data.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong((field,), f"the field `{field}` is missing or is not text")
        return value.strip()

    def require_name(self) -> None:
        if self.text("dataset") != self._dataset:
            what = f"the field `dataset` must be {self._dataset!r}, the name of its folder"
            raise self._wrong(("dataset",), what)

    def tables(self) -> tuple[str, ...]:
        tables = self._data.get("tables")
        if not isinstance(tables, list) or not tables:
            raise self._wrong(("tables",), "the field `tables` is missing or is not a list")
        names: list[str] = []
        for index, table in enumerate(tables):
            name = table.get("table") if isinstance(table, dict) else None
            if not isinstance(name, str) or not name:
                raise self._wrong(("tables", index), "every table needs a name: `table: its_name`")
            names.append(name)
        return tuple(names)

    def schedule(self) -> str | None:
        schedule = self._data.get("schedule")
        if schedule is not None and not isinstance(schedule, str):
            raise self._wrong(("schedule",), "the field `schedule` must be text such as '0 6 1 * *' or '@monthly'")
        return schedule

    def tags(self) -> tuple[str, ...]:
        tags = self._data.get("tags")
        return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()

    def approval_days(self) -> int:
        deadline = self._data.get("approval_deadline") or {}
        days = deadline.get("days", APPROVAL_DAYS) if isinstance(deadline, dict) else None
        if not isinstance(days, int) or not 1 <= days <= 90:
            what = "the field `approval_deadline` holds `days`, a number from 1 to 90"
            raise self._wrong(("approval_deadline",), what)
        return days

    def _wrong(self, field: tuple[str | int, ...], what: str) -> DeclarationError:
        return DeclarationError(
            what,
            remedy=f"Fix the declaration; `bin/opendata check {self._dataset}` shows every problem at once.",
            slug="declaration-invalid",
            place=Place(dataset=self._dataset, file=yaml_reader.shown(self._path), line=self._positions.line(field)),
        )


def _doc(data: Mapping[str, object], tables: tuple[str, ...]) -> str:
    steward = data.get("steward")
    name = steward.get("name") if isinstance(steward, dict) else None
    lines = [f"### {data['title']}", str(data.get("description", "")).strip(), ""]
    if name:
        lines.append(f"- Data steward: {name}")
    lines.append(f"- Refreshed: {data.get('frequency', 'by hand')}")
    lines.append(f"- Data tables: {', '.join(f'`{table}`' for table in tables)}")
    return "\n".join(lines)
