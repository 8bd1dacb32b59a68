"""A release from staging onto a real portal by ``bin/opendata publish``: what people see, and what the ledger then knows."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from include.opendata.declaration.load import load
from include.opendata.errors import OpendataError
from include.opendata.ledger import open_ledger
from include.opendata.monitoring.checks import portal_check
from tests.functional.conftest import install, installation  # noqa: F401 - a fixture
from tests.lib.declarations import SOUND
from tests.servers.ckan.server import HERE, ckan

pytestmark = pytest.mark.slow

PACKAGE = "clinic-visits"


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of an installation with one release staged, and a copy of it as it was then."""
    folder = tmp_path_factory.mktemp("portal") / "installation"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        made = install(folder, patched)
        made.write_source()
        made.declare()
        answer = made.opendata("refresh", "clinic_visits")
        assert answer.code == 0, answer.err
    return folder, shutil.copytree(folder, folder.with_name("as it was"))


@pytest.fixture
def staged(refreshed, proxy, portal_server, ask, monkeypatch):
    """An installation with one release staged and the portal within reach; the portal has nothing of it."""
    folder, as_it_was = refreshed
    shutil.rmtree(folder)
    shutil.copytree(as_it_was, folder)
    monkeypatch.setenv("OPENDATA_PORTAL", proxy.url)
    monkeypatch.setenv("OPENDATA_PORTAL_TOKEN", portal_server.tokens["publisher"])
    if PACKAGE in ask("package_list", "admin"):
        ask("dataset_purge", "admin", id=PACKAGE)
    return install(folder, monkeypatch)


def release(staged):
    return json.loads((staged.staging / "clinic_visits" / "current.json").read_text())["release"]


def outcomes():
    return [(entry.release, entry.outcome) for entry in open_ledger().portal_publications.of("clinic_visits")]


def figures(ask):
    resource = ask("package_show", None, id=PACKAGE)["resources"][0]["id"]
    records = ask("datastore_search", None, resource_id=resource)["records"]
    return {row["Sex"]: row["Persons"] for row in records}


def test_published_again_changed_and_rolled_back(staged, ask, proxy):
    answer = staged.opendata("publish", "clinic_visits", "--json")
    assert answer.code == 0, answer.err
    first, said = release(staged), answer.json()
    assert (said["outcome"], said["release"], said["address"]) == ("published", first, f"{proxy.url}/dataset/{PACKAGE}")
    assert figures(ask) == {"Female": 1200, "Male": 900, "Both sexes": 2100}
    shown = ask("package_show", None, id=PACKAGE)

    again = staged.opendata("publish", "clinic_visits")
    assert "was there already; nothing was sent" in again.out
    assert ask("package_show", None, id=PACKAGE) == shown

    staged.write_source(staged.visits(1300, 900))
    assert staged.opendata("refresh", "clinic_visits").code == 0
    second = release(staged)
    assert staged.opendata("publish", "clinic_visits").code == 0
    assert figures(ask)["Female"] == 1300

    assert staged.opendata("rollback", "clinic_visits", "--reason", "a wrong extract").code == 0
    assert release(staged) == first
    assert staged.opendata("publish", "clinic_visits").code == 0
    assert figures(ask) == {"Female": 1200, "Male": 900, "Both sexes": 2100}
    back = ask("package_show", None, id=PACKAGE)
    texts = ("title", "notes", "de_identification_method", "tags", "temporal_coverage")
    assert {name: back[name] for name in texts} == {name: shown[name] for name in texts}
    files = [(r["id"], r["hash"], r["name"], r["size"]) for r in shown["resources"]]
    assert [(r["id"], r["hash"], r["name"], r["size"]) for r in back["resources"]] == files
    assert outcomes() == [(first, "published"), (second, "published"), (first, "unchanged"), (first, "published")]
    assert all(entry.package == shown["id"] for entry in open_ledger().portal_publications.of("clinic_visits"))


def test_data_and_dictionaries_are_offered_and_nothing_that_is_for_reviewers(staged, ask):
    assert staged.opendata("publish", "clinic_visits").code == 0
    folder = staged.staging / "clinic_visits" / "releases" / release(staged)
    manifest = json.loads((folder / "manifest.json").read_text())
    by_hash = {file["sha256"]: file["role"] for file in manifest["files"]}
    resources = ask("package_show", None, id=PACKAGE)["resources"]
    offered = sorted(by_hash[resource["hash"]] for resource in resources)
    assert offered == sorted(file["role"] for file in manifest["files"] if file["role"] in ("data", "dictionary"))
    assert not any("evidence" in json.dumps(resource) for resource in resources)
    assert all(resource["datastore_active"] for resource in resources if resource["format"] == "CSV")


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_a_good_token_nothing_is_published_and_no_traceback_is_shown(staged, ask, monkeypatch, token):
    if token is None:
        monkeypatch.delenv("OPENDATA_PORTAL_TOKEN")
    else:
        monkeypatch.setenv("OPENDATA_PORTAL_TOKEN", token)
    answer = staged.opendata("publish", "clinic_visits")
    assert answer.code == 2
    assert "What to do: Make a" in answer.err
    assert "Traceback" not in answer.err
    assert PACKAGE not in ask("package_list", "admin")


def test_what_the_portal_requires_is_asked_for_before_anything_is_sent(staged, proxy):
    staged.declare(SOUND.replace("tags: [clinics]", "tags: [x, '!!']"))
    assert staged.opendata("refresh", "clinic_visits").code == 0
    proxy.requests.clear()
    answer = staged.opendata("publish", "clinic_visits")
    assert answer.code == 2
    assert "CalHHS Open Data Portal would not take this package" in answer.err
    assert proxy.requests == []
    assert outcomes() == [(release(staged), "failed")]


def test_a_profile_nobody_knows(staged):
    answer = staged.opendata("publish", "clinic_visits", "--profile", "elsewhere", "--json")
    assert answer.code == 2
    assert answer.json()["slug"] == "portal-profile-unknown"
    assert "chhs, data_ca" in answer.err


def test_an_outage_is_in_the_ledger_and_the_next_publish_finishes_it(staged, ask, proxy, access):
    proxy.fail("package_revise", status=503)
    answer = staged.opendata("publish", "clinic_visits", "--timeout", "30")
    assert answer.code == 1
    assert "it continues where it stopped" in answer.err
    (entry,) = open_ledger().portal_publications.of("clinic_visits")
    assert entry.outcome == "failed"
    assert "the portal failed at package_revise: it answered 503" in entry.message
    assert ask("package_show", id=PACKAGE)["private"]
    proxy.heal()
    watched = portal_check(str(staged.staging), access)(load("clinic_visits"))
    assert watched == [], "what never came to be shown is missed by nobody"
    assert staged.opendata("publish", "clinic_visits").code == 0
    assert outcomes()[0] == (release(staged), "published")


def test_a_release_that_does_not_read_back_gives_way_to_the_one_before(staged, ask, proxy):
    assert staged.opendata("publish", "clinic_visits").code == 0
    first = release(staged)
    before = ask("package_show", None, id=PACKAGE)
    staged.write_source(staged.visits(1300, 900))
    assert staged.opendata("refresh", "clinic_visits").code == 0
    second = release(staged)
    newer = staged.staging / "clinic_visits" / "releases" / second / "data" / "visits_by_sex.csv"
    right = newer.read_bytes()
    proxy.fail(
        lambda request: request.path.endswith("/visits_by_sex.csv"),
        alter=lambda content: content.replace(b"1300", b"1301") if content == right else content,
    )
    answer = staged.opendata("publish", "clinic_visits")
    assert answer.code == 1
    assert "visits_by_sex.csv: the portal gives out other bytes than were sent" in answer.err
    assert f"release {first} is shown again, as before" in answer.err
    assert outcomes()[:2] == [(first, "restored"), (second, "failed")]
    assert figures(ask)["Female"] == 1200
    after = ask("package_show", None, id=PACKAGE)
    assert [r["hash"] for r in after["resources"]] == [r["hash"] for r in before["resources"]]
    assert not after["private"]


def test_a_publish_that_was_killed_is_seen_in_the_ledger(staged, ask, monkeypatch):
    from include.opendata.pipeline import publish as room

    class Killed(BaseException):
        """Nothing may catch it, as nothing catches SIGKILL."""

    def dies(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(room, "publish_package", dies)
        with pytest.raises(Killed):
            staged.opendata("publish", "clinic_visits")
    assert outcomes() == [(release(staged), "running")]
    assert staged.opendata("publish", "clinic_visits").code == 0
    assert outcomes() == [(release(staged), "published"), (release(staged), "running")]


def test_the_token_is_kept_nowhere(staged, portal_server, proxy):
    proxy.fail("package_revise", status=500)
    answer = staged.opendata("publish", "clinic_visits")
    proxy.heal()
    staged.opendata("publish", "clinic_visits")
    token = portal_server.tokens["publisher"]
    assert token not in answer.err + answer.out
    with sqlite3.connect(staged.folder / "ledger.sqlite") as ledger:
        assert not any(token in line for line in ledger.iterdump())
    assert not [p for p in staged.folder.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]


def test_the_state_portal_gets_its_own_names_for_the_same_facts(staged, monkeypatch):
    with ckan(HERE / "data_ca.yaml") as state:
        monkeypatch.setenv("OPENDATA_PORTAL_TOKEN", state.tokens["publisher"])
        given = ("publish", "clinic_visits", "--portal", state.url, "--profile", "data_ca")
        answer = staged.opendata(*given)
        assert answer.code == 0, answer.err
        assert "nothing was sent" in staged.opendata(*given).out
        import ckanapi

        with ckanapi.RemoteCKAN(state.url) as portal:
            shown = portal.call_action("package_show", {"id": PACKAGE})
    assert shown["accessLevel"] == "public"
    assert shown["accrualPeriodicity"] == "R/P1Y"
    assert (shown["contact_name"], shown["contact_email"]) == ("A contact", "contact@example.org")
    assert shown["temporal"] == "2020-01-01/2020-12-31"
    assert "Each table was assessed" in shown["additional_information"]
    assert [group["name"] for group in shown["groups"]] == ["health-and-human-services"]


def test_a_dataset_that_has_no_release_yet(installation, proxy, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OPENDATA_PORTAL_TOKEN", "token")
    installation.declare(suites=False)
    answer = installation.opendata("publish", "clinic_visits", "--portal", proxy.url)
    assert answer.code == 2
    assert "no release is staged" in answer.err


def test_errors_of_the_portal_can_be_carried_between_processes():
    import pickle

    from include.opendata.portals.ckan import PortalAccess

    with pytest.raises(OpendataError) as failed:
        PortalAccess("http://example.org", "token")
    assert str(pickle.loads(pickle.dumps(failed.value))) == str(failed.value)
