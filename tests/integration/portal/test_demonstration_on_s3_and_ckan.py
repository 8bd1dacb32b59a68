"""The two shipped datasets as an agency would run them: their DAGs stage to S3 and publish on CKAN, with the keys of both in
Airflow connections; again, with other data, and back again."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from dev.airflow_env import ROOT
from include.opendata.declaration.load import load
from include.opendata.ledger import open_ledger
from include.opendata.monitoring.checks import portal_check
from include.opendata.portals.ckan import PortalAccess
from tests.functional.conftest import Installation
from tests.servers.airflow_runs import AirflowRuns, airflow_runs
from tests.servers.ckan.server import CkanServer
from tests.servers.s3 import BUCKET, REGION, S3Server, client, s3_server

pytestmark = pytest.mark.slow

HOMICIDES, INSURANCE = "homicides_by_county", "health_insurance_coverage"
PACKAGES = {HOMICIDES: "homicides-by-county", INSURANCE: "health-insurance-coverage"}
SOURCES = {HOMICIDES: "countymurders_california.csv", INSURANCE: "health_insurance.csv"}
LOS_ANGELES_1996 = 1403
A_PREFIX = "demonstration"
PREFIX = "refresh__"
PAGE = {"width": 1280, "height": 1600}


@dataclass
class Demonstration:
    """An installation whose Airflow stages to a real S3 server and publishes on a real CKAN."""

    folder: Path
    s3: S3Server
    portal: CkanServer
    airflow: AirflowRuns | None = None
    first: tuple[tuple[str, str], ...] = ()
    """What came of the first refresh of both datasets."""

    staging = f"s3://{BUCKET}/{A_PREFIX}"

    @cached_property
    def places(self) -> dict[str, str]:
        return {
            "OPENDATA_DATASETS": str(self.folder / "datasets"),
            "OPENDATA_EVIDENCE": str(self.folder / "evidence"),
            "OPENDATA_LEDGER": f"sqlite:///{self.folder / 'ledger.sqlite'}",
            "OPENDATA_WORK": str(self.folder / "work"),
        }

    @cached_property
    def of_airflow(self) -> dict[str, str]:
        """Both servers by Variables and connections only: no key of S3 and no token is in the processes' own environment."""
        keys = {"login": self.s3.writer.access_key, "password": self.s3.writer.secret_key}
        bucket = {"conn_type": "aws", **keys, "extra": {"endpoint_url": self.s3.endpoint, "region_name": REGION}}
        portal = {"conn_type": "http", "host": self.portal.url, "password": self.portal.tokens["publisher"]}
        return {
            "AIRFLOW_VAR_OPENDATA_STAGING": self.staging,
            "AIRFLOW_VAR_OPENDATA_STAGING_CONNECTION": "staging_bucket",
            "AIRFLOW_CONN_STAGING_BUCKET": json.dumps(bucket),
            "AIRFLOW_VAR_OPENDATA_PORTAL": "the_portal",
            "AIRFLOW_CONN_THE_PORTAL": json.dumps(portal),
        }

    @cached_property
    def of_a_person(self) -> dict[str, str]:
        """The same two servers for somebody at the command line."""
        return self.s3.environment() | {
            "OPENDATA_STAGING": self.staging,
            "OPENDATA_PORTAL": self.portal.url,
            "OPENDATA_PORTAL_TOKEN": self.portal.tokens["publisher"],
        }

    def declare(self) -> None:
        """The shipped declarations, reading sources that can be changed."""
        subprocess.run([sys.executable, "-m", "demo.make_sources"], cwd=ROOT, check=True, capture_output=True)
        for dataset, source in SOURCES.items():
            self.source(dataset).write_bytes((ROOT / ".demo" / "sources" / source).read_bytes())
            text = (ROOT / "include" / "datasets" / dataset / "dataset.yaml").read_text()
            shipped = f"location: .demo/sources/{source}"
            assert shipped in text
            folder = self.folder / "datasets" / dataset
            folder.mkdir(parents=True)
            (folder / "dataset.yaml").write_text(text.replace(shipped, f"location: {self.source(dataset)}"))

    def source(self, dataset: str) -> Path:
        return self.folder / SOURCES[dataset]

    def refresh(self, *datasets: str) -> list[tuple[str, str]]:
        """Run the DAGs of these datasets, all of them when none is named: (dataset, outcome) of each."""
        told = self.airflow.run(*(f"{PREFIX}{dataset}" for dataset in datasets or PACKAGES))
        return [(one.removeprefix(PREFIX), outcome) for one, outcome in told]

    def opendata(self, *arguments: str) -> str:
        """What a command of ``bin/opendata`` printed."""
        answer = Installation(self.folder).opendata(*arguments)
        assert answer.code == 0, answer.err
        return answer.out

    def staged(self) -> dict[str, tuple[str, str]]:
        """Key below the prefix → what it holds and when it was written."""
        pages = client(self.s3).get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{A_PREFIX}/")
        found = [one for page in pages for one in page.get("Contents", ())]
        return {one["Key"].removeprefix(f"{A_PREFIX}/"): (one["ETag"], str(one["LastModified"])) for one in found}

    def read(self, key: str) -> bytes:
        return client(self.s3).get_object(Bucket=BUCKET, Key=f"{A_PREFIX}/{key}")["Body"].read()

    def release(self, dataset: str) -> str:
        return json.loads(self.read(f"{dataset}/current.json"))["release"]

    def digests(self, dataset: str) -> list[str]:
        """Of the current release's files that are for everybody: of their bytes in S3, sorted."""
        root = f"{dataset}/releases/{self.release(dataset)}"
        files = json.loads(self.read(f"{root}/manifest.json"))["files"]
        offered = [file["path"] for file in files if file["role"] in ("data", "dictionary")]
        return sorted(hashlib.sha256(self.read(f"{root}/{path}")).hexdigest() for path in offered)

    def outcomes(self, dataset: str) -> list[tuple[str, str]]:
        """(release, outcome) of every publication, the newest first."""
        return [(one.release, one.outcome) for one in open_ledger().portal_publications.of(dataset)]

    def said_by_the_watch(self, dataset: str) -> list[str]:
        access = PortalAccess(self.portal.url, self.portal.tokens["publisher"])
        return list(portal_check(self.staging, access)(load(dataset)))


@pytest.fixture(scope="module")
def refreshed_once(portal_server: CkanServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Both DAGs have run once."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "OPENDATA_", "AWS_"))}
    with s3_server() as s3:
        made = Demonstration(tmp_path_factory.mktemp("demonstration"), s3, portal_server)
        made.declare()
        with airflow_runs(made.folder, inherited | made.places | made.of_airflow) as made.airflow:
            made.airflow.wait_until_ready()
            made.first = tuple(made.refresh())
            yield made


@pytest.fixture
def demonstration(refreshed_once: Demonstration, monkeypatch: pytest.MonkeyPatch) -> Demonstration:
    """The same, with its places and its servers within this process' reach."""
    for name, value in (refreshed_once.places | refreshed_once.of_a_person).items():
        monkeypatch.setenv(name, value)
    return refreshed_once


@pytest.fixture
def shown(ask: Any) -> Any:
    """The package of a dataset as anybody sees it."""
    return lambda dataset: ask("package_show", None, id=PACKAGES[dataset])


def downloaded(package: dict[str, Any]) -> list[str]:
    """The digests of the files the portal gives to anybody, sorted."""
    found = []
    for resource in package["resources"]:
        with urllib.request.urlopen(resource["url"]) as answer:
            found.append(hashlib.sha256(answer.read()).hexdigest())
    return sorted(found)


def stated(package: dict[str, Any]) -> list[str]:
    """The digests the package states of its files, sorted."""
    return sorted(resource["hash"] for resource in package["resources"])


def homicides(ask: Any, package: dict[str, Any]) -> tuple[int, str]:
    """Los Angeles in 1996, in the portal's DataStore and in the file it gives out."""
    name = "homicides_by_county_and_year.csv"
    (resource,) = (r for r in package["resources"] if r["url"].endswith(name))
    filters = {"County": "Los Angeles", "Year": "1996"}
    (row,) = ask("datastore_search", None, resource_id=resource["id"], filters=filters)["records"]
    with urllib.request.urlopen(resource["url"]) as answer:
        (line,) = (line for line in answer.read().decode().splitlines() if "Los Angeles" in line and "1996" in line)
    return row["Homicides"], line


@pytest.mark.parametrize("dataset", PACKAGES)
def test_its_dag_staged_it_to_s3_and_published_it(demonstration, shown, ask, dataset):
    assert (dataset, "staged") in demonstration.first, demonstration.first
    package, release = shown(dataset), demonstration.release(dataset)
    assert package["state"] == "active"
    assert demonstration.outcomes(dataset)[-1] == (release, "published")
    assert len(package["resources"]) >= 4
    assert downloaded(package) == demonstration.digests(dataset) == stated(package)
    tables = [resource for resource in package["resources"] if resource["format"] == "CSV"]
    assert all(resource["datastore_active"] for resource in tables)
    assert demonstration.said_by_the_watch(dataset) == []


def test_the_second_time_nothing_is_staged_and_the_portal_has_no_new_activity(demonstration, ask):
    def on_the_portal():
        packages = {name: ask("package_show", None, id=name) for name in PACKAGES.values()}
        return packages, {name: ask("package_activity_list", "admin", id=name, limit=100) for name in packages}

    staged, (packages, activities) = demonstration.staged(), on_the_portal()
    assert all(activities.values())
    assert demonstration.refresh() == [(dataset, "unchanged") for dataset in PACKAGES]
    assert demonstration.staged() == staged
    assert on_the_portal() == (packages, activities)
    for dataset in PACKAGES:
        assert demonstration.outcomes(dataset)[0] == (demonstration.release(dataset), "unchanged")


@pytest.mark.parametrize("dataset", PACKAGES)
def test_its_package_page_shows_what_the_declaration_says(demonstration, shown, dataset, tmp_path):
    from playwright.sync_api import sync_playwright

    package, declared = shown(dataset), load(dataset)
    table = next(resource for resource in package["resources"] if resource["datastore_active"])
    address = f"{demonstration.portal.url}/dataset/{package['name']}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=PAGE)
        answer = page.goto(address)
        text = page.locator("body").inner_text()
        read = page.locator("a.heading").all_inner_texts()
        files = page.locator("a.heading").evaluate_all("links => links.map(link => link.title)")  # not cut short
        page.screenshot(path=tmp_path / "package.png", full_page=True)
        page.goto(f"{address}/resource/{table['id']}")
        page.wait_for_load_state("networkidle")
        described = page.locator("body").inner_text()
        page.screenshot(path=tmp_path / "table.png", full_page=True)
        browser.close()
    assert answer.status == 200
    for said in (declared.title, declared.contact.email, declared.program, *declared.tags):
        assert said in text
    assert files == [resource["name"] for resource in package["resources"]]
    assert all(one != next_one for one, next_one in itertools.pairwise(read)), "cut short, they tell the files apart"
    assert "Each table was assessed" in text
    assert table["name"] in described


def test_other_data_replace_the_old_and_a_rollback_brings_them_back(demonstration, shown, ask):
    first, package = demonstration.release(HOMICIDES), shown(HOMICIDES)
    assert homicides(ask, package)[0] == LOS_ANGELES_1996
    source = demonstration.source(HOMICIDES)
    before = source.read_text()
    assert before.count(f",{LOS_ANGELES_1996},") == 1
    source.write_text(before.replace(f",{LOS_ANGELES_1996},", f",{LOS_ANGELES_1996 + 7},"))

    assert demonstration.refresh(HOMICIDES) == [(HOMICIDES, "staged")]
    second = demonstration.release(HOMICIDES)
    changed = shown(HOMICIDES)
    count, line = homicides(ask, changed)
    assert count == LOS_ANGELES_1996 + 7
    assert f",{count}," in line
    assert downloaded(changed) == demonstration.digests(HOMICIDES)
    assert [r["id"] for r in changed["resources"]] == [r["id"] for r in package["resources"]]

    told = demonstration.opendata("rollback", HOMICIDES, "--reason", "seven too many")
    assert f"still shows release {second}: run `bin/opendata publish {HOMICIDES}`" in told
    assert demonstration.release(HOMICIDES) == first
    assert homicides(ask, shown(HOMICIDES))[0] == count, "the portal does not follow by itself"
    said = f"The portal shows release {second}, and staging has {first}: publish it."
    assert demonstration.said_by_the_watch(HOMICIDES) == [said]
    assert said in Installation(demonstration.folder).opendata("watch", HOMICIDES).out

    assert demonstration.refresh(HOMICIDES) == [(HOMICIDES, "unchanged")], "what was withdrawn is not staged again"
    assert "was there already" in demonstration.opendata("publish", HOMICIDES)
    back = shown(HOMICIDES)
    assert homicides(ask, back)[0] == LOS_ANGELES_1996
    assert downloaded(back) == demonstration.digests(HOMICIDES) == stated(package)
    assert demonstration.said_by_the_watch(HOMICIDES) == []
    published = [(first, "unchanged"), (first, "published"), (second, "published")]
    assert demonstration.outcomes(HOMICIDES)[:3] == published
    demonstration.opendata("verify", HOMICIDES)

    ask("package_patch", id=PACKAGES[HOMICIDES], private=True)
    assert demonstration.said_by_the_watch(HOMICIDES) == ["On the portal: The package is private; no one sees it."]
    ask("package_patch", id=PACKAGES[HOMICIDES], private=False)
