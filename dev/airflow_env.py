"""The one place that says how the embedded Airflow of this project is configured: all its environment variables.

It serves a workstation and the tests: SQLite, four tasks at a time, loopback only. An installation for many people
configures Airflow its own way (``docs/airflow.md``). ``python -m dev.airflow_env`` prints the variables as shell
lines, for whoever wants to use the ``airflow`` command on the same home.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAVY_POOL = "opendata_heavy"
PORTAL_POOL = "opendata_portal"
LOGIN = "admin"
# One user per role that approves, so that an approval can be tried on this machine; an installation names its own people
# in the Variable `opendata_approvers`. `viewer` may look and not act.
USERS = {
    LOGIN: "admin",
    "steward": "user",
    "deputy": "user",
    "counsel": "user",
    "director": "user",
    "agency": "user",
    "viewer": "viewer",
}
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True)
class Home:
    """The folder of an embedded Airflow: database, secrets, logs."""

    folder: Path

    @property
    def database(self) -> Path:
        """Airflow's metadata database."""
        return self.folder / "airflow.db"

    @property
    def secrets(self) -> Path:
        """The drawn keys of this Airflow."""
        return self.folder / "secrets.json"

    @property
    def passwords(self) -> Path:
        """Of the login: JSON, user name to password, as Airflow's simple auth manager reads it."""
        return self.folder / "login.json"

    @property
    def logs(self) -> Path:
        """The folder of all logs."""
        return self.folder / "logs"

    @property
    def lock(self) -> Path:
        """Held by whoever runs DAGs on this home: two of them would run the same task twice."""
        return self.folder / "in-use.lock"

    @property
    def settings_stamp(self) -> Path:
        """The digest of the settings that were loaded last."""
        return self.folder / "settings-loaded.sha256"


def home(environment: Mapping[str, str] = os.environ) -> Home:
    """``.airflow`` in the project, or the folder that OPENDATA_AIRFLOW_HOME names."""
    return Home(Path(environment.get("OPENDATA_AIRFLOW_HOME") or ROOT / ".airflow").absolute())


def ensure_private(home: Home, environment: Mapping[str, str] = os.environ) -> None:
    """Create the home (0700) with its secrets and the login (0600) unless they are there.

    OPENDATA_ADMIN_PASSWORD fixes the password of all users; without it one each is drawn and kept.
    """
    for folder in (home.folder, home.logs):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)
    if not home.secrets.exists():
        drawn = {
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "api_secret_key": secrets.token_urlsafe(32),
            "jwt_secret": secrets.token_urlsafe(48),
        }
        _write_private(home.secrets, drawn)
    fixed = environment.get("OPENDATA_ADMIN_PASSWORD")
    known = json.loads(home.passwords.read_text()) if home.passwords.exists() else {}
    if fixed or not USERS.keys() <= known.keys():
        _write_private(home.passwords, {user: fixed or known.get(user) or secrets.token_urlsafe(12) for user in USERS})


def not_ready(home: Home, error: OSError) -> str:
    """What is said when the home cannot be made: the disk is full, or may not be written to."""
    return (
        f"{home.folder}, the home of the embedded Airflow, cannot be written to: {error.strerror}.\n"
        f"Free some space or get the right to write there, or name another folder in OPENDATA_AIRFLOW_HOME."
    )


def embedded_environment(
    home: Home, port: int = 8080, environment: Mapping[str, str] = os.environ, execution_port: int | None = None
) -> dict[str, str]:
    """The whole environment for a process of the embedded Airflow, secrets included; ``ensure_private`` comes first.

    ``execution_port``: where tasks speak to, if another process serves them than the one on ``port``.
    """
    drawn = json.loads(home.secrets.read_text())
    address = f"http://127.0.0.1:{port}"
    # DEV=1 makes Airflow print the variables of every frame of a traceback; a log must not hold them.
    inherited = {
        name: value
        for name, value in environment.items()
        if name not in ("DEV", "OPENDATA_ADMIN_PASSWORD") and not name.startswith("AIRFLOW__")
    }
    return inherited | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": ",".join(filter(None, [environment.get("NO_PROXY"), "127.0.0.1,localhost"])),
        "OPENDATA_HEAVY_POOL": HEAVY_POOL,
        "OPENDATA_PORTAL_POOL": PORTAL_POOL,
        "AIRFLOW_HOME": str(home.folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__FERNET_KEY": drawn["fernet_key"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{execution_port or port}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.database}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home.logs / "dag_processor"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": drawn["api_secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": drawn["jwt_secret"],
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    }


def _write_private(path: Path, content: Mapping[str, str]) -> None:
    """Whole or not at all: half a file of secrets would keep this Airflow from ever starting again."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(file.fileno(), PRIVATE_FILE)
            json.dump(content, file, indent=2)
            file.write("\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def main() -> None:
    """Print the environment as shell lines, after making the home private."""
    ensure_private(home())
    for name, value in sorted(embedded_environment(home()).items()):
        if name.startswith(("AIRFLOW", "OPENDATA_", "PYTHONPATH", "NO_PROXY")):
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
