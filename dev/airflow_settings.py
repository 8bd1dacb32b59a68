"""Loads ``airflow_settings.yaml`` into the metadata database of the embedded Airflow.

The file has the form Astro CLI reads, so the same file serves `astro dev start`. Values go through Airflow's own models
and never through a command line, so that quotes, spaces and percent signs arrive as written. An entry without its name
is Astro's empty template and is passed over; an unknown field is refused, because it would be lost without notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import yaml

CONNECTION_FIELDS = (
    "conn_id",
    "conn_type",
    "conn_host",
    "conn_schema",
    "conn_login",
    "conn_password",
    "conn_port",
    "conn_uri",
    "conn_extra",
    "conn_description",
)
POOL_FIELDS = ("pool_name", "pool_slots", "pool_description", "pool_include_deferred")
VARIABLE_FIELDS = ("variable_name", "variable_value", "variable_description")


Entry = Mapping[str, Any]
"""Field → value of one entry, as the file gives them."""


class ConnectionArguments(TypedDict, total=False):
    """What a connection of Airflow is made of."""

    conn_id: str
    conn_type: str | None
    uri: str
    description: str | None
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


class SettingsError(Exception):
    """airflow_settings.yaml cannot be used; the message names the entry and what to change."""


@dataclass(frozen=True)
class Settings:
    """The entries of the file, each a mapping of the fields it gives; names are present."""

    connections: tuple[Entry, ...]
    pools: tuple[Entry, ...]
    variables: tuple[Entry, ...]


def read(path: Path) -> Settings:
    """The settings in the file. Raises SettingsError for a file that is not in Astro's form."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}") from None
    airflow = document.get("airflow") if isinstance(document, dict) else None
    if not isinstance(airflow, dict):
        raise SettingsError(f"{path.name}: everything belongs under the key `airflow`")
    if unknown := sorted(set(airflow) - {"connections", "pools", "variables"}):
        raise SettingsError(f"{path.name}: unknown under `airflow`: {', '.join(unknown)}")
    return Settings(
        connections=_entries(path, airflow, "connections", CONNECTION_FIELDS),
        pools=_entries(path, airflow, "pools", POOL_FIELDS),
        variables=_entries(path, airflow, "variables", VARIABLE_FIELDS),
    )


def load(settings: Settings) -> None:
    """Write the settings into the metadata database, over what bears the same name; the rest is left alone."""
    from airflow.models import Connection, Pool, Variable
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        for entry in settings.connections:
            session.execute(delete(Connection).where(Connection.conn_id == entry["conn_id"]))
            session.add(Connection(**_connection_arguments(entry)))
        for entry in settings.pools:
            Pool.create_or_update_pool(
                entry["pool_name"],
                int(entry.get("pool_slots") or 1),
                str(entry.get("pool_description") or ""),
                bool(entry.get("pool_include_deferred")),
                session=session,
            )
        for entry in settings.variables:
            value = entry.get("variable_value")
            Variable.set(
                entry["variable_name"],
                "" if value is None else value if isinstance(value, str) else json.dumps(value),
                description=entry.get("variable_description"),
                session=session,
            )


def _connection_arguments(entry: Entry) -> ConnectionArguments:
    if entry.get("conn_uri"):
        return {"conn_id": entry["conn_id"], "uri": entry["conn_uri"], "description": entry.get("conn_description")}
    extra = entry.get("conn_extra")
    return {
        "conn_id": entry["conn_id"],
        "conn_type": entry.get("conn_type"),
        "description": entry.get("conn_description"),
        "host": entry.get("conn_host"),
        "schema": entry.get("conn_schema"),
        "login": entry.get("conn_login"),
        "password": entry.get("conn_password"),
        "port": int(entry["conn_port"]) if entry.get("conn_port") else None,
        "extra": json.dumps(extra) if isinstance(extra, dict) else extra or None,
    }


def _entries(path: Path, airflow: Mapping[str, object], kind: str, fields: Sequence[str]) -> tuple[Entry, ...]:
    listed = airflow.get(kind) or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise SettingsError(f"{path.name}: `{kind}` must be a list of entries")
    name = fields[0]
    kept = []
    for entry in listed:
        if unknown := sorted(set(entry) - set(fields)):
            raise SettingsError(
                f"{path.name}: {kind}, entry {entry.get(name)!r}: unknown field {', '.join(unknown)}; "
                f"known are {', '.join(fields)}"
            )
        if entry.get(name):
            kept.append(entry)
    return tuple(kept)
