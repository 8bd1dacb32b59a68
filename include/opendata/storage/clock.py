"""The time, always in UTC, and the three ways it is written. Airflow's own times come from Airflow."""

from __future__ import annotations

import datetime as dt

STAMP = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> dt.datetime:
    """This moment, with its time zone."""
    return dt.datetime.now(dt.UTC)


def utc_today() -> dt.date:
    """The day in UTC; the machine's own day may be another."""
    return utc_now().date()


def stamp(moment: dt.datetime | None = None) -> str:
    """A moment (default: now) to the second, as ledger and manifests hold it: ``2026-01-31T08:05:00Z``."""
    return (moment or utc_now()).astimezone(dt.UTC).strftime(STAMP)


def parse_stamp(text: str) -> dt.datetime:
    """The moment a :func:`stamp` names. Raises ValueError."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def compact_stamp() -> str:
    """Now, to the microsecond, as it stands in the name of a run: ``20260131T080500.000000Z``."""
    return utc_now().strftime("%Y%m%dT%H%M%S.%fZ")
