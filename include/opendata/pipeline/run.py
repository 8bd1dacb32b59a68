"""What every step is given: one run of one dataset, with what was asked of it. Small, and free of data."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Run(BaseModel):
    """One run. Between Airflow's tasks it travels as JSON: ``model_dump`` on one side, ``model_validate`` on the other.

    ``staging``: the address of the staging place, in its one spelling · ``source``: read from here instead of the declared
    place · ``preview``: nothing is approved, staged or published · ``whole``: the source is the whole of every table,
    whatever the declared mechanism · ``accept_changes``: why ``by`` accepts the changes an earlier run was refused for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dataset: str
    run_id: str
    staging: str
    source: str | None = None
    preview: bool = False
    whole: bool = False
    accept_changes: str | None = None
    by: str | None = None
