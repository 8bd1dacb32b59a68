"""What the tasks of the measured dag-factory DAGs would call; nothing is ever run."""

from __future__ import annotations


def perform(run: object = None, table: object = None) -> None:
    raise RuntimeError("a measurement of parsing runs no task")
