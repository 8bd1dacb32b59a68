"""The keys of an S3 staging place, from an Airflow connection to the pipeline inside one task process.

Which connection: the worker's ``OPENDATA_STAGING_CONNECTION``, else the Variable ``opendata_staging_connection``, else
``aws_default`` if there is one. Its login and password are the access key and the secret key, its extra holds
``endpoint_url`` (also below ``service_config``/``s3``), ``region_name`` and ``aws_session_token``. One without login and
password, or none at all, leaves the keys to boto3's own chain: a machine's role, the environment, a profile. What would make
another identity of the keys (``role_arn`` …) is refused: to ignore it would be to publish as someone else.

The keys go into a context variable of this process, never into an XCom, a file or a log.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from include.opendata.errors import SetupError, StorageError

if TYPE_CHECKING:
    from include.opendata.staging import S3Access

CONNECTION_VARIABLE = "opendata_staging_connection"
DEFAULT_CONNECTION = "aws_default"
_NOT_DONE = ("role_arn", "assume_role_method", "assume_role_kwargs", "profile_name", "session_kwargs", "config_kwargs")


def staging_access(address: str | None) -> AbstractContextManager[None]:
    """Within it, the pipeline opens staging at ``address`` with the connection's keys; nothing for what is not in S3.

    Raises SetupError (``connection-missing``, ``connection-unsupported``, ``credentials-missing``) and StorageError.
    """
    if not (address or "").startswith("s3://"):
        return nullcontext()
    from include.opendata.staging import handed_over

    named = os.environ.get("OPENDATA_STAGING_CONNECTION") or Variable.get(CONNECTION_VARIABLE, default=None) or None
    connection = _connection(named or DEFAULT_CONNECTION, required=named is not None)
    return handed_over(None if connection is None else access_of(connection))


def access_of(connection: Connection) -> S3Access:
    """The ``S3Access`` a connection stands for."""
    from include.opendata.staging import S3Access

    extra = connection.extra_dejson
    unsupported = [name for name in _NOT_DONE if extra.get(name)]
    if unsupported:
        raise SetupError(
            f"connection {connection.conn_id} asks for {', '.join(unsupported)}, which staging does not do",
            remedy="Give it keys of its own, or leave it empty and give the workers the role.",
            slug="connection-unsupported",
        )
    if bool(connection.login) != bool(connection.password):
        raise SetupError(
            f"connection {connection.conn_id} has only one half of the credentials",
            remedy="Login is the access key, password the secret key; leave both empty to use the workers' own.",
            slug="credentials-missing",
        )
    return S3Access(
        access_key=connection.login or None,
        secret_key=connection.password or None,
        session_token=extra.get("aws_session_token") or None,
        endpoint_url=_endpoint(extra),
        region=extra.get("region_name") or None,
    )


def _endpoint(extra: Mapping[str, Any]) -> str | None:
    service = (extra.get("service_config") or {}).get("s3") or {}
    return service.get("endpoint_url") or extra.get("endpoint_url") or None


def _connection(name: str, *, required: bool) -> Connection | None:
    try:
        connection: Connection = Connection.get(name)
        return connection
    except AirflowNotFoundException:
        if not required:
            return None
        error: SetupError | StorageError = SetupError(
            f"there is no Airflow connection {name}, which is to hold the keys of the S3 staging",
            remedy=f"Make it, or empty the Variable {CONNECTION_VARIABLE}.",
            slug="connection-missing",
        )
    except AirflowRuntimeError:
        error = StorageError(
            "Airflow's connections cannot be read", remedy="Look at its API server.", slug="connections-unreadable"
        )
    raise error
