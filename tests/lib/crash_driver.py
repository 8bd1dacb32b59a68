"""Kills a publisher at each of its steps and looks at what is left. Run as a program; prints one line per fault found.

An audit hook counts what the publisher asks of the file system below staging (opening for writing, making folders,
renaming, removing, changing modes) and ends the process, without any cleaning up, at the step asked for.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from include.opendata.staging import LocalStaging
from include.opendata.storage.digests import sha256_of_file
from tests.lib.staged_release import BASE, make_release, tree

KILLED = 17
WATCHED = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree")


def kill_at(step: int, root: Path) -> None:
    """End this process at the ``step``-th thing it asks of the file system below ``root``."""
    seen = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not (writes or event in WATCHED) or not str(arguments[0]).startswith(str(root)):
            return
        seen += 1
        if seen == step:
            os._exit(KILLED)

    sys.addaudithook(hook)


def publish_and_die(root: Path, folder: Path, manifest, expected: str | None, step: int) -> bool:
    """Publish in a child process that is killed at ``step``; whether it was (False: it had fewer steps)."""
    child = os.fork()
    if child == 0:
        kill_at(step, root)
        LocalStaging(root).publish(folder, manifest, expected)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, KILLED):
        raise RuntimeError(f"the publisher ended with {code}")
    return code == KILLED


def faults_of_a_reader(root: Path) -> list[str]:
    """What a reader would find wrong: a pointer or a catalog that leads to something incomplete."""
    faults = []
    for pointer_path in root.glob("*/current.json"):
        pointer = json.loads(pointer_path.read_bytes())
        manifest_path = pointer_path.parent / pointer["manifest"]
        if sha256_of_file(manifest_path)[0] != pointer["manifest_sha256"]:
            faults.append("the pointer leads to another manifest")
        for file in json.loads(manifest_path.read_bytes())["files"]:
            if sha256_of_file(manifest_path.parent / file["path"]) != (file["sha256"], file["bytes"]):
                faults.append(f"{file['path']} is not complete")
    catalog = root / "data.json"
    if catalog.exists():
        for entry in json.loads(catalog.read_bytes())["dataset"]:
            for item in entry["distribution"]:
                for address in (item["downloadURL"], item["describedBy"]):
                    if not (root / address.removeprefix(BASE + "/")).is_file():
                        faults.append("the catalog leads nowhere")
    return faults


def main(work: Path) -> int:
    first = make_release(work / "one", "r1")
    second = make_release(work / "two", "r2", data="Group,Visits\nA,13\n", started_at="2026-03-14T06:00:00+00:00")
    start, wanted = work / "start", work / "wanted"
    LocalStaging(start).publish(work / "one", first, None)
    shutil.copytree(start, wanted)
    LocalStaging(wanted).publish(work / "two", second, "r1")
    cases = [
        ("onto an empty place", None, first, "one", None, start),
        ("after another", start, second, "two", "r1", wanted),
    ]
    for name, before, manifest, folder, expected, after in cases:
        step = 1
        while True:
            root = work / "staging"
            shutil.rmtree(root, ignore_errors=True)
            if before:
                shutil.copytree(before, root)
            killed = publish_and_die(root, work / folder, manifest, expected, step)
            for fault in faults_of_a_reader(root):
                print(f"{name}, killed at step {step}: {fault}")
            if killed:
                LocalStaging(root).publish(work / folder, manifest, expected)
            if tree(root) != tree(after):
                print(f"{name}, killed at step {step} and run again: another tree")
            if not killed:
                break
            step += 1
        print(f"steps {name}: {step - 1}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
