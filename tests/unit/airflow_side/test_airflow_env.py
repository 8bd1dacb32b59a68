"""The home and the environment of the embedded Airflow."""

from __future__ import annotations

import errno
import json
import stat
import subprocess
import sys

import pytest

from dev import airflow_env, airflow_up, refresh_all
from dev.airflow_env import ROOT, Home, embedded_environment, ensure_private, home
from dev.airflow_up import choose_port, main
from dev.home_lock import InUse, sole_use


@pytest.fixture
def airflow_home(tmp_path):
    made = Home(tmp_path / "airflow")
    ensure_private(made, {})
    return made


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_and_password_are_for_their_owner_alone(airflow_home):
    assert mode(airflow_home.folder) == 0o700
    assert mode(airflow_home.secrets) == 0o600
    assert mode(airflow_home.passwords) == 0o600


def test_secrets_and_password_are_drawn_once_and_kept(airflow_home):
    before = (airflow_home.secrets.read_text(), airflow_home.passwords.read_text())
    ensure_private(airflow_home, {})
    assert (airflow_home.secrets.read_text(), airflow_home.passwords.read_text()) == before


def test_a_home_of_before_gets_the_users_it_lacks_and_keeps_the_password_it_had(airflow_home):
    airflow_home.passwords.write_text('{"admin": "kept"}')
    ensure_private(airflow_home, {})
    passwords = json.loads(airflow_home.passwords.read_text())
    assert passwords["admin"] == "kept"
    assert len(set(passwords.values())) == len(passwords) > 1


def test_two_homes_do_not_share_secrets(airflow_home, tmp_path):
    other = Home(tmp_path / "other")
    ensure_private(other, {})
    assert other.secrets.read_text() != airflow_home.secrets.read_text()
    assert other.passwords.read_text() != airflow_home.passwords.read_text()


def test_the_password_can_be_fixed_for_a_test_and_is_not_handed_on(airflow_home):
    given = {"OPENDATA_ADMIN_PASSWORD": "fixed"}
    ensure_private(airflow_home, given)
    passwords = json.loads(airflow_home.passwords.read_text())
    assert set(passwords.values()) == {"fixed"}
    assert {"admin", "steward", "deputy", "counsel", "director", "agency", "viewer"} == set(passwords)
    assert "fixed" not in embedded_environment(airflow_home, environment=given).values()


def test_airflow_listens_on_this_machine_only_and_reports_to_nobody(airflow_home):
    environment = embedded_environment(airflow_home, 8123, {})
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == "8123"
    assert environment["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert environment["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "4"


def test_settings_of_another_airflow_and_tracebacks_with_variables_are_not_inherited(airflow_home):
    theirs = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://elsewhere", "AIRFLOW__CORE__X": "1", "DEV": "1"}
    environment = embedded_environment(airflow_home, environment=theirs)
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{airflow_home.database}"
    assert "AIRFLOW__CORE__X" not in environment
    assert "DEV" not in environment


def test_the_home_is_in_the_project_unless_moved(tmp_path):
    assert home({}).folder == ROOT / ".airflow"
    assert home({"OPENDATA_AIRFLOW_HOME": str(tmp_path)}).folder == tmp_path


def test_the_variables_can_be_printed_for_a_shell(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "dev.airflow_env"],
        cwd=ROOT,
        env={"OPENDATA_AIRFLOW_HOME": str(tmp_path / "a home"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    shell = subprocess.run(
        ["sh", "-c", f"{done.stdout}\necho $AIRFLOW_HOME"], capture_output=True, text=True, check=True
    )
    assert shell.stdout.strip() == str(tmp_path / "a home")


def test_two_cannot_run_dags_on_one_home(airflow_home):
    with (
        sole_use(airflow_home, "`make up`"),
        pytest.raises(InUse, match="`make up`"),
        sole_use(airflow_home, "`make refresh`"),
    ):
        raise AssertionError("two at once")
    with sole_use(airflow_home, "`make refresh`"):
        pass


def test_a_taken_port_is_stepped_over_unless_it_was_asked_for():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert choose_port(str(port)) is None
    assert choose_port(str(port)) == port
    assert choose_port(None) is not None


@pytest.mark.parametrize("wanted", ["0", "65536", "99999", "²", "-1", "http", "1e3"])
def test_what_is_no_port_is_said_before_anything_starts(wanted, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PORT", wanted)
    monkeypatch.setenv("OPENDATA_AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setattr("dev.airflow_up.watch", lambda port: pytest.fail("started"))
    assert main() == 2
    assert "from 1 to 65535" in capsys.readouterr().out


@pytest.fixture
def full_disk(monkeypatch):
    """Files can be made, and nothing can be written into them."""

    def full(*arguments, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(airflow_env.json, "dump", full)


def test_a_full_disk_leaves_no_half_a_file_of_secrets_that_would_be_there_for_ever(tmp_path, full_disk, monkeypatch):
    made = Home(tmp_path / "airflow")
    with pytest.raises(OSError, match="No space left"):
        ensure_private(made, {})
    assert [path for path in made.folder.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    ensure_private(made, {})
    assert embedded_environment(made, environment={})["AIRFLOW__CORE__FERNET_KEY"]


@pytest.mark.parametrize("start", [main, lambda: refresh_all.main([])])
def test_a_home_that_cannot_be_written_to_is_said(tmp_path, full_disk, monkeypatch, capsys, start):
    monkeypatch.setenv("OPENDATA_AIRFLOW_HOME", str(tmp_path / "airflow"))
    for module in (airflow_up, refresh_all):
        monkeypatch.setattr(module, "sole_use", lambda *a: pytest.fail("started"))
    assert start() == 2
    assert "cannot be written to: No space left on device" in capsys.readouterr().out
