"""Publishing as a step of a refresh in Airflow: off until a portal is named, tried again when it is away, silent of secrets."""

from __future__ import annotations

import json

import pytest

from include.opendata.errors import Refused, StorageError
from include.opendata.pipeline import publish
from include.opendata.pipeline.results import PublishedOnPortal

TOKEN = "eyJhbGciOiJIUzI1NiJ9.the-token-of-the-tests"
DONE = PublishedOnPortal(release="r1", outcome="published", package="p1")


@pytest.fixture(autouse=True)
def clinic_visits(declare):
    return declare("clinic_visits")


@pytest.fixture
def published(pipeline, monkeypatch):
    """What the step was asked for, each time; ``published.raises`` is raised first."""

    class Published(list):
        raises: list[Exception] = []

    asked = Published()

    def publish_current(run, target):
        asked.append((run.dataset, target.access, target.profile, target.organization))
        if asked.raises:
            raise asked.raises.pop(0)
        return DONE

    monkeypatch.setattr(publish, "publish_current", publish_current)
    return asked


@pytest.fixture
def portal(monkeypatch):
    """The Variable and the connection, as an installation gives them."""

    def configure(**more):
        connection = {"conn_type": "http", "host": "https://data.example.org", "password": TOKEN, **more}
        monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_PORTAL", "the_portal")
        monkeypatch.setenv("AIRFLOW_CONN_THE_PORTAL", json.dumps(connection))

    return configure


def test_nothing_is_published_until_a_portal_is_named(run_dag, published):
    states = run_dag("refresh__clinic_visits")
    assert states[""] == ["success"]
    assert states["publish"] == ["skipped"]
    assert published == []


def test_what_was_staged_is_published_on_the_portal_of_the_connection(run_dag, published, portal):
    portal(extra={"profile": "data_ca", "organization": "clinics", "timeout": 30})
    states = run_dag("refresh__clinic_visits")
    assert states["publish"] == ["success"]
    ((dataset, access, profile, organization),) = published
    assert (dataset, profile, organization) == ("clinic_visits", "data_ca", "clinics")
    assert (access.url, access.token, access.timeout) == ("https://data.example.org", TOKEN, 30)


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ({"conn_type": "https", "host": "data.example.org"}, "https://data.example.org"),
        ({"conn_type": "generic", "host": "data.example.org"}, "https://data.example.org"),
        ({"conn_type": "http", "host": "127.0.0.1", "port": 5000}, "http://127.0.0.1:5000"),
        ({"conn_type": "http", "host": "data.example.org", "schema": "https"}, "https://data.example.org"),
    ],
)
def test_a_connection_may_give_the_address_in_parts(embedded_airflow, connection, address):
    from airflow.sdk import Connection

    from dags.step_task import portal_target

    target = portal_target(Connection(conn_id="p", extra=json.dumps({"token": TOKEN}), **connection))
    assert (target.access.url, target.access.token, target.profile) == (address, TOKEN, "chhs")


def test_an_unchanged_source_is_published_all_the_same_so_that_an_outage_heals(run_dag, pipeline, published, portal):
    portal()
    pipeline.is_changed = False
    states = run_dag("refresh__clinic_visits")
    assert (states["stage"], states["publish"]) == (["skipped"], ["success"])
    assert len(published) == 1


def test_a_portal_that_is_away_is_asked_again(run_dag, pipeline, published, portal):
    portal()
    published.raises = [StorageError("the portal could not be reached", remedy="Wait.", slug="portal-unreachable")]
    assert run_dag("refresh__clinic_visits")["publish"] == ["success"]
    assert len(published) == 2
    assert pipeline.failures == []


def test_a_portal_that_says_no_is_asked_once_and_the_staged_run_stays_a_good_one(
    run_dag, pipeline, published, portal, capfd
):
    portal()
    published.raises = [Refused("the name is taken", remedy="Talk.", slug="portal-name-taken") for _ in range(4)]
    states = run_dag("refresh__clinic_visits")
    assert (states["finish"], states["publish"]) == (["success"], ["failed"])
    assert len(published) == 1
    assert pipeline.failures == [], "the ledger's own record of publications has it"
    log = "".join(capfd.readouterr())
    assert "What to do: Talk." in log
    assert TOKEN not in log


def test_a_connection_that_is_not_there_is_said(run_dag, published, monkeypatch, capfd):
    monkeypatch.setenv("AIRFLOW_VAR_OPENDATA_PORTAL", "no_such_portal")
    assert run_dag("refresh__clinic_visits")["publish"] == ["failed"]
    assert "names the connection no_such_portal, and there is none of that name" in "".join(capfd.readouterr())


def test_the_token_is_neither_handed_on_nor_logged(run_dag, published, portal, capfd):
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    portal()
    run_dag("refresh__clinic_visits")
    with create_session() as session:
        handed_on = session.scalars(select(XComModel.value)).all()
    assert handed_on
    assert not any(TOKEN in str(value) for value in handed_on)
    assert TOKEN not in "".join(capfd.readouterr())


def test_publishing_is_paced_by_a_pool_of_its_own(bag, embedded_airflow):
    from dev.airflow_env import PORTAL_POOL

    dag = bag().dags["refresh__clinic_visits"]
    assert dag.get_task("publish").pool == PORTAL_POOL
