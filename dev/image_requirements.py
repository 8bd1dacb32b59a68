"""Writes ``requirements.txt``: what an Airflow image installs on top of what it already pins.

The image brings Airflow, and the providers Airflow itself needs, at the versions it was tested with, so they are left out;
our other direct requirements are taken at the versions of ``requirements.lock``, which a plain virtual environment
installs in full.
"""

from __future__ import annotations

import re
from pathlib import Path

from dev.airflow_env import ROOT

# What an image pins and its requirements file must not name.
PINNED_BY_THE_IMAGE = re.compile(r"apache-airflow(-core|-task-sdk|-providers-(smtp|standard|common-.*))?$")
HEADER = """\
# What an Airflow image installs on top of Airflow itself (Astro Runtime reads this file when it is built).
# Made by `make lock` from requirements.in and requirements.lock; do not edit.
"""


def name_of(requirement: str) -> str:
    """The normalised name of the package that a line of a requirements file asks for."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[]", requirement.strip(), maxsplit=1)[0]).lower()


def extras_of(requirement: str) -> str:
    """What is asked for in brackets, such as ``[binary]``; the lock pins what that brings, but does not say whose it is."""
    found = re.match(r"[\w.-]+\s*(\[[^]]*\])", requirement.strip())
    return found.group(1) if found else ""


def lines_of(path: Path) -> list[str]:
    """The requirements of a file, without comments and options."""
    lines = (line.split(" #")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def image_requirements(root: Path = ROOT) -> str:
    """The text of requirements.txt: the direct requirements but Airflow's own, each as the lock pins it."""
    direct = {name_of(line): extras_of(line) for line in lines_of(root / "requirements.in")}
    wanted = {name for name in direct if not PINNED_BY_THE_IMAGE.match(name)}
    pins = [line for line in lines_of(root / "requirements.lock") if name_of(line) in wanted]
    if unlocked := wanted - {name_of(pin) for pin in pins}:
        raise ValueError(f"not in requirements.lock: {', '.join(sorted(unlocked))}; run `make lock`")
    return HEADER + "\n".join(pin.replace("==", f"{direct[name_of(pin)]}==", 1) for pin in pins) + "\n"


if __name__ == "__main__":
    (ROOT / "requirements.txt").write_text(image_requirements())
