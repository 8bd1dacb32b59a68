"""The keys of an S3 staging place: from an Airflow connection into the pipeline, and nowhere else."""

from __future__ import annotations

import json
import logging

import pytest

from include.opendata.errors import SetupError
from include.opendata.staging import S3Access
from include.opendata.staging.access import access_at_hand

pytestmark = pytest.mark.usefixtures("embedded_airflow")

SECRET = "the-connections-secret"


@pytest.fixture
def connection(monkeypatch):
    """Make a connection known to Airflow."""

    def make(name: str = "aws_default", **parts) -> None:
        told = {"conn_type": "aws", "login": "KEY", "password": SECRET, **parts}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(told))

    return make


def at_hand(address: str | None) -> S3Access:
    from dags.staging_access import staging_access

    with staging_access(address):
        return access_at_hand()


def test_keys_endpoint_and_region_come_from_the_connection(connection):
    connection(extra={"endpoint_url": "https://s3.example.org", "region_name": "us-west-2", "aws_session_token": "T"})
    found = at_hand("s3://bucket/x")
    assert found == S3Access("KEY", SECRET, "T", "https://s3.example.org", "us-west-2")
    assert access_at_hand() == S3Access(), "and are gone afterwards"


def test_the_endpoint_may_stand_where_airflows_provider_reads_it(connection):
    connection(extra={"service_config": {"s3": {"endpoint_url": "https://s3.example.org"}}})
    assert at_hand("s3://bucket/x").endpoint_url == "https://s3.example.org"


def test_a_connection_is_named_by_the_worker_or_by_a_variable(connection, monkeypatch):
    connection("first", login="FIRST")
    connection("second", login="SECOND")
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_STAGING_CONNECTION", "first")
    assert at_hand("s3://bucket/x").access_key == "FIRST"
    monkeypatch.setenv("OPENDATA_STAGING_CONNECTION", "second")
    assert at_hand("s3://bucket/x").access_key == "SECOND"


def test_a_folder_needs_no_connection_and_none_is_looked_up(monkeypatch):
    monkeypatch.setenv("OPENDATA_STAGING_CONNECTION", "nobody-made-this")
    assert at_hand("/srv/staging") == S3Access()
    assert at_hand(None) == S3Access()
    with pytest.raises(SetupError) as failure:
        at_hand("s3://bucket/x")
    assert failure.value.slug == "connection-missing"


def test_without_a_connection_the_keys_are_left_to_boto3():
    assert at_hand("s3://bucket/x") == S3Access()


@pytest.mark.parametrize(
    ("parts", "slug"),
    [
        ({"extra": {"role_arn": "arn:aws:iam::1:role/x"}}, "connection-unsupported"),
        ({"login": ""}, "credentials-missing"),
        ({"password": ""}, "credentials-missing"),
    ],
)
def test_what_would_publish_as_somebody_else_is_refused(connection, parts, slug):
    connection(**parts)
    with pytest.raises(SetupError) as failure:
        at_hand("s3://bucket/x")
    assert failure.value.slug == slug
    assert SECRET not in str(failure.value)


def test_a_task_hands_the_keys_to_the_pipeline_and_to_no_xcom_or_log(
    connection, declare, run_dag, pipeline, monkeypatch, caplog
):
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    declare("clinic_visits")
    connection(extra={"endpoint_url": "http://127.0.0.1:1"})
    monkeypatch.setenv("OPENDATA_STAGING", "s3://bucket/x")
    seen = []
    pipeline.is_changed = False
    pipeline.during["has_changed"] = lambda: seen.append(access_at_hand())
    with caplog.at_level(logging.DEBUG):
        run_dag("refresh__clinic_visits")
    assert [access.secret_key for access in seen] == [SECRET]
    assert SECRET not in caplog.text
    with create_session() as session:
        assert not [one for one in session.scalars(select(XComModel)) if SECRET in str(one.value)]
