"""The keys to an S3 place, for whoever does not leave them to boto3's own chain.

Airflow keeps them in a connection; its task hands them over inside its own process, by :func:`handed_over`, so that they
pass through no file, XCom or log. No one else needs this: without it boto3 looks in the environment, in its configuration
files and at the machine's role.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class S3Access:
    """Keys, endpoint and region; what is None is left to boto3's chain. Its text never shows a secret."""

    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = field(default=None, repr=False)
    region: str | None = None


_HANDED_OVER: ContextVar[S3Access | None] = ContextVar("s3_access", default=None)


@contextmanager
def handed_over(access: S3Access | None) -> Iterator[None]:
    """Within this block, S3 staging is opened with ``access``; None: with boto3's chain."""
    token = _HANDED_OVER.set(access)
    try:
        yield
    finally:
        _HANDED_OVER.reset(token)


def access_at_hand() -> S3Access:
    """What was handed over, or nothing but boto3's chain."""
    return _HANDED_OVER.get() or S3Access()
