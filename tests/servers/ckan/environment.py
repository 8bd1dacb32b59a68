"""CKAN's own virtual environment: made once per lock file, kept in the project's cache, and used again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCK = Path(__file__).with_name("requirements.lock")


def environment() -> Path:
    """The environment's folder, made from the lock file if it is not there yet (about a minute with an empty cache)."""
    cache = Path(os.environ.get("OPENDATA_CACHE") or ROOT / ".cache")
    cache.mkdir(parents=True, exist_ok=True)
    made_of = LOCK.read_bytes() + sys.version.encode()
    folder = cache / f"ckan-{hashlib.sha256(made_of).hexdigest()[:16]}"
    with (cache / "ckan.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder)
            (folder / "complete").touch()
    return folder


def schema_of_solr(folder: Path) -> Path:
    """The Solr schema that CKAN ships, which it wants to see again when it starts."""
    return next(folder.glob("lib/python*/site-packages/ckan/config/solr/schema.xml"))


def _make(folder: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    if not Path(uv).is_file():
        uv = shutil.which("uv") or uv
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), "-r", str(LOCK)]
    subprocess.run(install, check=True)


if __name__ == "__main__":
    sys.stdout.write(f"{environment()}\n")
