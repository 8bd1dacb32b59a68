"""From a declaration to the empty DAG that carries its name, schedule, owner, tags and text.

Decides how a DAG is called and what a declaration Airflow cannot use is reported as; what the DAG does is written in
``refresh_datasets.py``. Read at parse time, hundreds of times an hour: nothing here reaches pandas, Great Expectations
or DuckDB. The full check of a declaration belongs to the run (and to ``bin/opendata check``).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from airflow.sdk import DAG
from airflow.version import version as airflow_version

from dags.notifications import refresh_failed
from include.opendata.declaration.light import Outline
from include.opendata.errors import DeclarationError, Place
from include.opendata.storage.outline_cache import OutlineCache, outline_of

PREFIX = "refresh__"
BROKEN_TAG = "broken declaration"
# Fixed, so that a schedule never shifts with the clock of whoever parses; before any dataset of ours existed.
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)


def dag_id_of(dataset: str) -> str:
    """The DAG id of a dataset; a folder name Airflow would not take as an id is spelt with underscores."""
    return PREFIX + re.sub(r"[^A-Za-z0-9_.-]", "_", dataset)


def outlines() -> OutlineCache:
    """What was read and found usable before; another Airflow may judge otherwise."""
    return OutlineCache(f"airflow {airflow_version}")


def declared_dag(dataset: str, known: OutlineCache | None = None) -> tuple[Outline, DAG]:
    """The outline of a declaration and its DAG, still without tasks; one that is in ``known`` is not judged again.

    Raises DeclarationError for a declaration that cannot be read, and for a schedule or tag Airflow does not accept.
    """
    outline, was_usable = outline_of(dataset, known)
    try:
        dag = dag_of(outline)
        if not was_usable:
            # Airflow would validate later, and then count the file with all its DAGs as broken.
            dag.validate()  # type: ignore[no-untyped-call]  # Airflow's, without types
    except Exception as error:  # noqa: BLE001 - Airflow raises many kinds here; each is the declaration's fault
        what = f"Airflow does not accept this declaration's schedule, owner or tags: {error}"
        remedy = "Fix `schedule` (a cron expression such as '0 6 1 * *', or '@monthly'), `owner` or `tags`."
        raise DeclarationError(
            what,
            remedy=remedy,
            slug="declaration-not-schedulable",
            place=Place(dataset=dataset, file=f"{dataset}/dataset.yaml"),
        ) from None
    if known is not None and not was_usable:
        known.add(outline)
    return outline, dag


def dag_of(outline: Outline) -> DAG:
    """The DAG of an outline, without tasks; raises whatever Airflow raises for what it does not accept."""
    return DAG(
        dag_id=dag_id_of(outline.dataset),
        description=outline.title,
        doc_md=outline.doc,
        schedule=outline.schedule,
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args={"owner": outline.owner, "retries": 0},
        tags=sorted({outline.department, outline.topic, *outline.tags}),
        on_failure_callback=refresh_failed,
        # No deadline of Airflow's: a run that has one cannot be cleared (Airflow answers 500), and its alert also fires for
        # runs that ended. The daily watch names the runs that should have ended.
        auto_register=False,
    )


def broken_dag(dataset: str, reason: str) -> DAG:
    """What stands in for a dataset whose declaration cannot be used: same id, and a daily failure that says why.

    Its real schedule cannot be known; once a day is often enough to be seen and seldom enough not to drown others.
    """
    return DAG(
        dag_id=dag_id_of(dataset),
        description="The declaration cannot be used; open the DAG to see why.",
        doc_md=f"### The declaration of `{dataset}` cannot be used\n\n```\n{reason}\n```",
        schedule="@daily",
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "unknown", "retries": 0},
        tags=[BROKEN_TAG],
        auto_register=False,
    )
