"""What staging to S3 costs beside a plain upload of the same bytes, and how much memory a large file takes.

The server is a real one on the loopback (SeaweedFS, started here), so what is compared is work, not a network. ``plain`` is
``boto3.upload_file`` as it comes; ``staged`` is a whole publication: uploaded with SHA-256 checksums that the server checks,
read back byte for byte, digest compared, pointer and catalog moved. Each is run in turn in a process of its own; the
smallest of the seconds counts, by the clock, and the processor's seconds of that process stand beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIM = 1.3


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench staging", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--megabytes", type=int, default=256, help="size of the release's one large file (256)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turn (3)")
    parser.add_argument("--one", choices=["plain", "staged"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        return _measure_one(asked.one, asked.folder, asked.key)
    with tempfile.TemporaryDirectory(prefix="opendata-bench-") as folder:
        return _compare(Path(folder), asked.megabytes, asked.rounds)


def _compare(folder: Path, megabytes: int, rounds: int) -> int:
    from tests.servers.s3 import s3_server

    _make_release(folder, megabytes << 20)
    found: dict[str, list[dict[str, float]]] = {"plain": [], "staged": []}
    with s3_server() as server:
        for number in range(rounds):
            for kind in found:
                command = [sys.executable, "-m", "bench", "staging", "--one", kind, "--folder", str(folder)]
                done = subprocess.run(
                    [*command, "--key", f"{kind}-{number}"],
                    env={**os.environ, **server.environment()},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode != 0:
                    sys.stderr.write(done.stderr)
                    return 1
                found[kind].append(json.loads(done.stdout))
    print(f"S3 staging of one file of {megabytes} MB, {rounds} time(s) each")
    print("| what | seconds | cpu s | MB/s | peak MB |\n| --- | --- | --- | --- | --- |")
    best = {kind: min(all_, key=lambda one: one["seconds"]) for kind, all_ in found.items()}
    for kind, one in best.items():
        rate = megabytes / one["seconds"]
        print(f"| {kind} | {one['seconds']:.2f} | {one['processor']:.2f} | {rate:.0f} | {one['peak']:.0f} |")
    ratio = best["staged"]["seconds"] / best["plain"]["seconds"]
    print(f"staged takes {ratio:.2f} times what a plain upload takes, verification included (aim: {AIM})")
    return 0


def _measure_one(kind: str, folder: Path, key: str) -> int:
    import boto3
    from botocore.config import Config

    from include.opendata.staging import open_staging
    from include.opendata.storage.manifest import read_manifest
    from tests.servers.s3 import BUCKET

    manifest = read_manifest(folder / "manifest.json")
    plain = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    plain.list_objects_v2(Bucket=BUCKET, MaxKeys=1)
    staging = open_staging(f"s3://{BUCKET}/{key}")
    staging.current(manifest.dataset)  # both are connected before the clock runs
    began, processor = time.perf_counter(), time.process_time()
    if kind == "plain":
        for file in manifest.files:
            plain.upload_file(str(folder / file.path), BUCKET, f"{key}/{file.path}")
    else:
        staging.publish(folder, manifest, None)
    told = {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - processor,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))
    return 0


def _make_release(folder: Path, size: int) -> None:
    """A release with one file of ``size`` bytes, written and digested in pieces."""
    from include.opendata.storage.manifest import ManifestFile
    from tests.lib.staged_release import make_release

    manifest, sha = make_release(folder, "r1"), hashlib.sha256()
    path, left = folder / "data" / "large.csv", size
    with path.open("wb") as stream:
        while left:
            piece = os.urandom(min(left, 1 << 20))
            sha.update(piece)
            stream.write(piece)
            left -= len(piece)
    large = ManifestFile(path="data/large.csv", sha256=sha.hexdigest(), bytes=size, media_type="text/csv", role="data")
    whole = manifest.model_copy(update={"files": (*manifest.files, large)})
    (folder / "manifest.json").write_bytes(whole.to_bytes())
