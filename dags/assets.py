"""What downstream DAGs can follow: three Airflow assets per dataset, with an event only when there is something new.

``opendata://<dataset>/snapshot`` when a source was read that differs from the one before, ``…/release`` when a release was
staged, ``…/package`` when it was put on a portal. Another DAG is scheduled on them by ``schedule=[Asset(uri)]``.
An event carries names and digests, never data. The aliases let a task that found nothing new end well without an event.
"""

from __future__ import annotations

from typing import Any, Literal

from airflow.sdk import Asset, AssetAlias, get_current_context

Kind = Literal["snapshot", "release", "package"]


def address(dataset: str, kind: Kind) -> str:
    """The asset's URI."""
    return f"opendata://{dataset}/{kind}"


def alias_of(dataset: str, kind: Kind) -> AssetAlias:
    """What a task may announce; for its ``outlets``."""
    return AssetAlias(name=f"{dataset} {kind}")


def announce(dataset: str, kind: Kind, **facts: Any) -> None:
    """Tell the DAGs that follow it that there is a new one; ``facts`` are names and digests."""
    events = get_current_context()["outlet_events"]
    asset = Asset(name=f"{dataset} {kind}", uri=address(dataset, kind))
    events[alias_of(dataset, kind)].add(asset, extra=facts)
