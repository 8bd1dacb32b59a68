"""Settings arrive in Airflow as they are written, whatever characters they hold."""

from __future__ import annotations

import pytest

from dev.airflow_settings import load, read

pytestmark = pytest.mark.usefixtures("embedded_airflow")

TRICKY = """
airflow:
  connections:
    - conn_id: "tricky"
      conn_type: "postgres"
      conn_host: "db.example.org"
      conn_schema: "health"
      conn_login: "o'brien"
      conn_password: "p@ss/word%20 \\" $HOME"
      conn_port: "5432"
      conn_extra: {sslmode: "require"}
    - conn_id: "by_address"
      conn_uri: "postgres://reader:a%2Fb@db.example.org:6543/health"
  pools:
    - pool_name: "narrow"
      pool_slots: 1
      pool_description: "One at a time; 'quoted'"
  variables:
    - variable_name: "text"
      variable_value: "it's 100% \\"quoted\\""
    - variable_name: "listing"
      variable_value: [1, "two"]
"""


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(TRICKY)
    return read(path)


def test_connections_pools_and_variables_arrive_as_written(settings):
    from airflow.models import Connection, Pool, Variable
    from airflow.utils.session import create_session
    from sqlalchemy import select

    load(settings)
    load(settings)  # again over what is there
    with create_session() as session:
        (tricky,) = session.scalars(select(Connection).where(Connection.conn_id == "tricky"))
        assert (tricky.login, tricky.password, tricky.port) == ("o'brien", 'p@ss/word%20 " $HOME', 5432)
        assert tricky.extra_dejson == {"sslmode": "require"}
        (by_address,) = session.scalars(select(Connection).where(Connection.conn_id == "by_address"))
        assert (by_address.password, by_address.port, by_address.schema) == ("a/b", 6543, "health")
        pool = session.scalar(select(Pool).where(Pool.pool == "narrow"))
        assert (pool.slots, pool.description) == (1, "One at a time; 'quoted'")
    assert Variable.get("text") == 'it\'s 100% "quoted"'
    assert Variable.get("listing", deserialize_json=True) == [1, "two"]


def test_the_password_of_a_connection_is_not_kept_in_clear(settings):
    from airflow.models import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import select

    load(settings)
    with create_session() as session:
        stored = session.scalar(select(Connection._password).where(Connection.conn_id == "tricky"))
    assert "word" not in stored


def test_a_changed_file_is_loaded_again_and_an_unchanged_one_leaves_the_ui_its_changes(tmp_path, monkeypatch):
    from airflow.models import Variable

    from dev import airflow_home

    path = tmp_path / "airflow_settings.yaml"
    monkeypatch.setattr(airflow_home, "SETTINGS", path)
    path.write_text("airflow: {variables: [{variable_name: place, variable_value: first}]}")
    airflow_home.make_ready()
    Variable.set("place", "changed in the UI")
    airflow_home.make_ready()
    assert Variable.get("place") == "changed in the UI"
    path.write_text("airflow: {variables: [{variable_name: place, variable_value: second}]}")
    airflow_home.make_ready()
    assert Variable.get("place") == "second"


def test_a_run_that_was_killed_is_settled_before_a_scheduler_could_take_it_up(bag, declare, run_dag, pipeline):
    from airflow.models import DagRun, TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select, update

    from dev import airflow_home

    dag_id = f"refresh__{declare('killed_visits')}"
    run_dag(dag_id)
    of_run, staged = DagRun.dag_id == dag_id, (TaskInstance.dag_id == dag_id, TaskInstance.task_id == "stage")
    protected = (TaskInstance.dag_id == dag_id, TaskInstance.task_id == "protect")
    with create_session() as session:
        session.execute(update(DagRun).where(of_run).values(state="running"))
        session.execute(update(TaskInstance).where(*staged).values(state="running"))
    airflow_home.fail_killed_runs()
    with create_session() as session:
        assert list(session.scalars(select(DagRun.state).where(of_run))) == ["failed"]
        assert list(session.scalars(select(TaskInstance.state).where(*staged))) == ["failed"]
        assert list(session.scalars(select(TaskInstance.state).where(*protected))) == ["success"]
