"""How long publishing a large table takes, beside plain ckanapi sending the same bytes to the same portal.

A real CKAN is started (as the tests start it). Each way is measured in a process of its own, so that its peak memory is its
own: ours publishes a package with one table, reads back file, rows and dictionary, shows it, then publishes it again, when
nothing is to be done, and with one row in a hundred changed; plain ckanapi uploads the file, makes the table and inserts its
rows, and believes that all went well. The table's rows are the same on every machine.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ckanapi

from include.opendata.portals.ckan import PortalAccess, WantedPackage, publish_package
from include.opendata.portals.ckan.datastore import ROWS_PER_REQUEST
from include.opendata.portals.ckan.package import WantedResource, WantedTable, resource_id
from tests.servers.ckan.prepare import DEPARTMENT

LABELS, MEASURES = ("County", "Year", "Sex", "Age_Group"), 4
COLUMNS = (*LABELS, *(name for n in range(MEASURES) for name in (f"Measure_{n}", f"Measure_{n}_annotation")))
FIELDS = {
    "title": "A large table",
    "notes": "Made for measuring.",
    "contact_email": "bench@example.org",
    "author": "Bench",
    "program_web_page": "https://www.example.org/",
    "temporal_coverage": "2000-01-01/2019-12-31",
    "geographic_granularity": "county",
    "language": "English",
    "accrual_periodicity": "annually",
    "data_license": "Terms of Use",
    "limitations": "Limitations",
}


@dataclass(frozen=True)
class Measurement:
    """``step`` took ``seconds``; the process had reached ``megabytes`` at most."""

    step: str
    seconds: float
    megabytes: int


def write_table(path: Path, rows: int, *, changed_every: int = 0) -> None:
    """A table of ``rows`` and twelve columns, a tenth of its figures blank and annotated."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for n in range(rows):
            labels = [f"County {n % 58}", str(2000 + n // 58 % 20), "FM"[n // 1160 % 2], f"Group {n // 2320}"]
            figures = itertools.chain.from_iterable(
                ("", "1") if (n + m) % 10 == 0 else (str((n * 31 + m * 7) % 5000 + 11), "") for m in range(MEASURES)
            )
            row = [*labels, *figures]
            if changed_every and n % changed_every == 1:
                row[-2:] = ["12", ""]
            writer.writerow(row)


def table() -> WantedTable:
    """The table's columns and key, as a release declares them."""
    kinds = {name: "numeric" if name.startswith("Measure") and name[-1].isdigit() else "text" for name in COLUMNS}
    info = {name: {"label": name, "notes": f"The {name}.", "type_override": kind} for name, kind in kinds.items()}
    return WantedTable(tuple({"id": n, "type": kinds[n], "info": info[n]} for n in COLUMNS), LABELS)


def ours(url: str, token: str, first: Path, second: Path) -> list[Measurement]:
    """Publish ``first``, the same again, and ``second``."""
    measured = []
    for step, path in (("ours: publish", first), ("ours: again", first), ("ours: one row in 100", second)):
        wanted = _wanted("bench-ours", path)
        started = time.perf_counter()
        publish_package(PortalAccess(url, token, timeout=600), wanted, partial(_copy, path), _report)
        measured.append(_measured(step, started))
    return measured


def plain(url: str, token: str, first: Path, second: Path) -> list[Measurement]:
    """Upload ``first`` and load it with ckanapi alone, in requests of the same size."""
    fields: dict[str, Any] = {**FIELDS, "name": "bench-plain", "owner_org": DEPARTMENT, "tags": [{"name": "bench"}]}
    started = time.perf_counter()
    with ckanapi.RemoteCKAN(url, apikey=token) as portal:
        package = portal.call_action("package_create", fields)
        with first.open("rb") as stream:
            made = portal.action.resource_create(package_id=package["id"], name="A table", format="CSV", upload=stream)
        given = table()
        create = {
            "resource_id": made["id"],
            "force": True,
            "fields": list(given.fields),
            "primary_key": list(given.key),
        }
        portal.call_action("datastore_create", create)
        for records in _records(first):
            rows = {"resource_id": made["id"], "force": True, "method": "insert", "records": records}
            portal.call_action("datastore_upsert", rows)
    return [_measured("plain ckanapi: upload and insert", started)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench portal", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the table (default: 100,000)")
    parser.add_argument("--rounds", type=int, default=1, help="how often both ways are measured, in turn (default: 1)")
    asked = parser.parse_args(arguments)
    from tests.servers.ckan.server import ckan

    with tempfile.TemporaryDirectory(prefix="opendata-bench-") as folder:
        first, second = Path(folder) / "first.csv", Path(folder) / "second.csv"
        write_table(first, asked.rows)
        write_table(second, asked.rows, changed_every=100)
        size = first.stat().st_size
        sys.stdout.write(f"{asked.rows:,} rows, {len(COLUMNS)} columns, {size / 1e6:.1f} MB\n")
        for _ in range(asked.rounds):
            with ckan() as server:
                found = []
                for way in (plain, ours):
                    given = (way, server.url, server.tokens["publisher"], first, second)
                    found += _in_a_process_of_its_own(*given)
            by_step = {m.step: m for m in found}
            for m in found:
                sys.stdout.write(
                    f"{m.step:<34}{m.seconds:>9.1f} s{asked.rows / m.seconds:>11,.0f} rows/s{m.megabytes:>7} MB\n"
                )
            ratio = by_step["ours: publish"].seconds / by_step["plain ckanapi: upload and insert"].seconds
            sys.stdout.write(f"ours, read back, takes {ratio:.2f} times as long as plain ckanapi\n")
    return 0


def _in_a_process_of_its_own(way: Callable[..., list[Measurement]], *given: Any) -> list[Measurement]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(way, given)


def _wanted(name: str, path: Path) -> WantedPackage:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    described = {
        "name": "A table",
        "description": "",
        "format": "CSV",
        "mimetype": "text/csv",
        "hash": digest.hexdigest(),
    }
    file = WantedResource(
        resource_id(name, "table.csv"), "data/table.csv", "table.csv", described, path.stat().st_size, table()
    )
    return WantedPackage("bench", "r1", name, DEPARTMENT, FIELDS, ("bench",), (), (file,))


def _copy(path: Path, _: str, into: Path) -> None:
    shutil.copyfile(path, into)


def _records(path: Path) -> Iterator[list[dict[str, str | None]]]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        while piece := list(itertools.islice(rows, ROWS_PER_REQUEST)):
            yield [{name: value or None for name, value in row.items()} for row in piece]


def _measured(step: str, started: float) -> Measurement:
    seconds = time.perf_counter() - started
    return Measurement(step, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _report(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
