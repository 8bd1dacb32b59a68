"""What the daily watch says of a portal where somebody changed, by hand, what was published: one sentence each."""

from __future__ import annotations

import io
from dataclasses import replace

import ckanapi
import pytest

from include.opendata.errors import EXIT_REFUSED, Refused, StorageError
from include.opendata.portals.ckan.watching import portal_drift
from tests.integration.portal.packages import ROWS, Trial

pytestmark = pytest.mark.slow

TABLE = {"visits.csv": len(ROWS)}


@pytest.fixture(scope="module")
def published(portal_server, tmp_path_factory):
    """A package of two files, published; each test changes it and puts it back by publishing again."""
    return Trial.of("watched", tmp_path_factory.mktemp("watched"))


@pytest.fixture
def drift(published, access):
    """What a look at the package says; it begins with nothing."""
    if "guide.json" not in published.resources:
        published.file("guide.json", b"[1, 2]")
    published.publish(access)
    assert portal_drift(access, published.wanted(), TABLE) == ()
    return lambda: portal_drift(access, published.wanted(), TABLE)


def replace_file(portal_server, resource, content):
    """As the portal's own form does: the file alone is new, and what is said of it stays."""
    with ckanapi.RemoteCKAN(portal_server.url, apikey=portal_server.tokens["publisher"]) as portal:
        upload = io.BytesIO(content)
        upload.name = "guide.json"
        portal.call_action("resource_patch", {"id": resource}, files={"upload": upload})


def test_a_package_somebody_made_private(drift, ask, published):
    ask("package_patch", id=published.name, private=True)
    assert drift() == ("The package is private; no one sees it.",)
    ask("package_patch", id=published.name, private=False)


def test_a_package_the_token_may_not_see_is_no_silence(drift, ask, published, access, portal_server):
    ask("package_patch", id=published.name, private=True)
    with pytest.raises(Refused) as refused:
        portal_drift(replace(access, token=portal_server.tokens["outsider"]), published.wanted(), TABLE)
    assert (refused.value.slug, refused.value.exit_code) == ("portal-not-allowed", EXIT_REFUSED)
    ask("package_patch", id=published.name, private=False)


def test_a_package_that_was_deleted_or_never_there(drift, ask, published, access):
    ask("package_delete", id=published.name)
    assert drift() == ("The package was deleted.",)
    ask("dataset_purge", "admin", id=published.name)
    assert drift() == ("The package is not on the portal.",)


@pytest.mark.parametrize("content", [b"[1, 3]", b"[1, 2, 3]"], ids=["as long", "longer"])
def test_a_file_that_was_replaced(drift, published, portal_server, content):
    replace_file(portal_server, published.id("guide.json"), content)
    assert drift() == ("guide.json is not the file that was published.",)


def test_a_file_that_was_removed(drift, ask, published):
    ask("resource_delete", id=published.id("guide.json"))
    assert drift() == ("guide.json is missing.",)


def test_texts_that_were_changed(drift, ask, published):
    ask("package_patch", id=published.name, notes="Something else.", author="Somebody")
    assert drift() == ("Fields of the package were changed: author, notes.",)


def test_a_description_of_a_file_that_was_changed(drift, ask, published):
    ask("resource_patch", id=published.id(), description="Something else.")
    assert drift() == ("The description of visits.csv was changed: description.",)


def test_a_row_that_was_deleted(drift, ask, published):
    ask("datastore_delete", resource_id=published.id(), force=True, filters={"County": "Alpine", "Sex": "Male"})
    assert drift() == ("The table of visits.csv has 4 of 5 rows.",)


def test_a_table_that_was_deleted(drift, ask, published):
    ask("datastore_delete", resource_id=published.id(), force=True)
    assert drift() == ("The table of visits.csv has none of 5 rows.",)


def test_a_look_changes_nothing_and_leaves_files_of_others_alone(drift, ask, published):
    ask("resource_create", package_id=published.name, url="https://www.example.org/more.pdf", name="More")
    before = ask("package_show", id=published.name), ask("package_activity_list", "admin", id=published.name)
    assert drift() == ()
    assert (ask("package_show", id=published.name), ask("package_activity_list", "admin", id=published.name)) == before


def test_a_portal_that_is_away_is_an_error_and_no_drift(drift, proxy):
    proxy.fail("package_show", status=503)
    with pytest.raises(StorageError) as failed:
        drift()
    assert failed.value.slug == "portal-failed"
