"""What downstream DAGs can follow: three Airflow assets per dataset, with an event only when there is something new.

``opendata://<dataset>/snapshot`` when a source was read that differs from the one before, ``…/release`` when a release was
staged, ``…/package`` when it was put on a portal. A DAG of somebody else is scheduled on them by ``schedule=[Asset(uri)]``.
An event carries names and digests, never data. The aliases let a task that found nothing new end well without an event.
"""

from __future__ import annotations

from typing import Any, Literal

from airflow.sdk import Asset, AssetAlias, get_current_context

Kind = Literal["snapshot", "release", "package"]


def address(dataset: str, kind: Kind) -> str:
    """The asset's URI."""
    return f"opendata://{dataset}/{kind}"


def followed(dataset: str, kind: Kind) -> AssetAlias:
    """What a task may announce; for its ``outlets``."""
    return AssetAlias(name=f"{dataset} {kind}")


def announce(dataset: str, kind: Kind, **facts: Any) -> None:
    """Tell whoever follows it that there is a new one; ``facts`` are names and digests."""
    events = get_current_context()["outlet_events"]
    asset = Asset(name=f"{dataset} {kind}", uri=address(dataset, kind))
    events[followed(dataset, kind)].add(asset, extra=facts)
