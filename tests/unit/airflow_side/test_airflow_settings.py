"""airflow_settings.yaml, in the form Astro CLI reads."""

from __future__ import annotations

import pytest

from dev.airflow_env import ROOT
from dev.airflow_settings import SettingsError, read


def written(tmp_path, text):
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(text)
    return path


def test_the_file_of_this_project_can_be_read_and_makes_the_pools_the_steps_use():
    from dev.airflow_env import HEAVY_POOL, PORTAL_POOL

    settings = read(ROOT / "airflow_settings.yaml")
    assert [pool["pool_name"] for pool in settings.pools] == [HEAVY_POOL, PORTAL_POOL]
    assert [variable["variable_name"] for variable in settings.variables] == [
        "opendata_staging",
        "opendata_staging_connection",
        "opendata_approvers",
        "opendata_portal",
    ]


def test_astros_empty_template_entries_are_passed_over(tmp_path):
    path = written(
        tmp_path,
        """
airflow:
  connections:
    - conn_id:
      conn_type:
      conn_extra:
  pools:
    - pool_name:
      pool_slots:
  variables:
    - variable_name:
      variable_value:
""",
    )
    settings = read(path)
    assert (settings.connections, settings.pools, settings.variables) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("airflow: [unclosed", "cannot be read"),
        ("pools: []", "under the key `airflow`"),
        ("airflow: {conections: []}", "unknown under `airflow`: conections"),
        ("airflow: {pools: [{pool_name: a, pool_slot: 2}]}", "unknown field pool_slot"),
        ("airflow: {pools: {pool_name: a}}", "must be a list"),
    ],
)
def test_what_would_be_lost_in_silence_is_refused(tmp_path, text, says):
    with pytest.raises(SettingsError, match=says):
        read(written(tmp_path, text))
