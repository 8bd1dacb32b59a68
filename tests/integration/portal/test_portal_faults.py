"""What happens when the portal says no, is slow, or goes away: a clear error, nothing half shown, and it can be resumed."""

from __future__ import annotations

import json
import resource
from dataclasses import replace

import ckanapi
import pytest

from include.opendata.errors import EXIT_BAD_INPUT, EXIT_REFUSED, EXIT_UNFORESEEN, OpendataError
from include.opendata.portals.ckan import PortalAccess, datastore
from tests.integration.portal.packages import FIELDS, ROWS
from tests.servers.ckan.prepare import DEPARTMENT, OTHER_DEPARTMENT

pytestmark = pytest.mark.slow


def refused(trial, access, slug, code, **more):
    """Publish, and be told no: the error, which holds no secret."""
    with pytest.raises(OpendataError) as failed:
        trial.publish(access, **more)
    error = failed.value
    assert (error.slug, error.exit_code) == (slug, code), str(error)
    assert access.token not in str(error)
    assert access.token not in repr(access)
    assert error.place.dataset == "clinic_visits" or slug.startswith("portal-token")
    assert error.remedy
    return error


def is_nowhere(ask, trial):
    return trial.name not in ask("package_list", "admin")


# Saying no


def test_without_a_token_nothing_is_asked(proxy):
    with pytest.raises(OpendataError) as failed:
        PortalAccess(proxy.url, "  ")
    assert (failed.value.slug, failed.value.exit_code) == ("portal-token-missing", EXIT_BAD_INPUT)
    assert proxy.requests == []


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("data.example.org", "portal-address"),
        ("ftp://data.example.org", "portal-address"),
        ("https://publisher:pa55word@data.example.org", "portal-address"),
        ("http://data.example.org", "portal-insecure"),
    ],
)
def test_an_address_that_would_give_the_token_away_is_refused(address, slug):
    with pytest.raises(OpendataError) as failed:
        PortalAccess(address, "token")
    assert failed.value.slug == slug
    assert "pa55word" not in str(failed.value)


@pytest.mark.parametrize("token", ["wrong", "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJ4In0.AAAA", "ünlesbar"])
def test_a_wrong_token_is_said_before_anything_is_written(trial, access, ask, token):
    with pytest.raises(OpendataError) as failed:
        trial.publish(replace(access, token=token))
    assert (failed.value.slug, failed.value.exit_code) == ("portal-token-refused", EXIT_BAD_INPUT)
    assert token not in str(failed.value)
    assert is_nowhere(ask, trial)


def test_a_department_the_portal_does_not_have(trial, access, ask):
    trial.organization = "department-of-nothing"
    assert "department-of-nothing" in str(refused(trial, access, "portal-organization-missing", EXIT_BAD_INPUT))
    assert is_nowhere(ask, trial)


def test_a_department_the_token_may_not_publish_for(trial, access, ask):
    trial.organization = OTHER_DEPARTMENT
    refused(trial, access, "portal-not-allowed", EXIT_REFUSED)
    assert is_nowhere(ask, trial)


def test_a_topic_the_portal_does_not_have(trial, access, ask, monkeypatch):
    wanted = replace(trial.wanted(), groups=("astrology",))
    monkeypatch.setattr(trial, "wanted", lambda: wanted)
    assert "astrology" in str(refused(trial, access, "portal-topic-missing", EXIT_BAD_INPUT))
    assert is_nowhere(ask, trial)


@pytest.mark.parametrize("private", [True, False])
def test_a_name_taken_by_another_department_is_left_alone(trial, access, ask, private):
    ask(
        "package_create",
        "admin",
        **{**FIELDS, "title": "Theirs"},
        name=trial.name,
        owner_org=OTHER_DEPARTMENT,
        private=private,
        tags=[{"name": "theirs"}],
    )
    refused(trial, access, "portal-name-taken", EXIT_REFUSED)
    assert ask("package_show", "admin", id=trial.name)["title"] == "Theirs"


def test_a_package_deleted_but_not_purged_is_not_brought_back(trial, access, ask):
    trial.publish(access)
    ask("package_delete", id=trial.name)
    error = refused(trial, access, "portal-package-deleted", EXIT_REFUSED)
    assert "purges" in error.remedy
    assert ask("package_show", "admin", id=trial.name)["state"] == "deleted"
    ask("dataset_purge", "admin", id=trial.name)
    assert trial.publish(access).created


def test_every_field_the_portal_rejects_is_named(trial, access, ask):
    trial.fields = {**FIELDS, "accrual_periodicity": "now and then", "contact_email": ""}
    error = refused(trial, access, "portal-field-rejected", EXIT_BAD_INPUT)
    assert {detail.partition(":")[0] for detail in error.details} == {"accrual_periodicity", "contact_email"}
    assert is_nowhere(ask, trial)


def test_a_field_rejected_later_leaves_the_package_as_it_was(trial, access, ask):
    trial.publish(access)
    before = ask("package_show", None, id=trial.name)
    trial.fields = {**FIELDS, "geographic_granularity": "street"}
    trial.file("more.json", b"[]")
    trial.resources = {"visits.csv": trial.resources["visits.csv"]}
    refused(trial, access, "portal-field-rejected", EXIT_BAD_INPUT)
    assert ask("package_show", None, id=trial.name) == before


def test_rows_the_datastore_does_not_take_are_refused_without_quoting_them(trial, access, ask):
    trial.table("visits", [("Alameda", "Female", "many secrets", "")])
    error = refused(trial, access, "portal-rows-rejected", EXIT_REFUSED)
    assert "secrets" not in str(error)
    assert ask("package_show", id=trial.name)["private"]


# Going away


def is_write(request):
    return request.action.startswith(("package_create", "package_revise", "datastore_upsert", "datastore_create"))


def test_a_load_cut_in_the_middle_is_resumed_where_it_stopped(trial, access, ask, proxy, monkeypatch):
    monkeypatch.setattr(datastore, "ROWS_PER_REQUEST", 1_000)
    trial.table("visits", [(f"County {n}", "Female", str(n), "") for n in range(2_100)])
    sent = []

    def is_second_load(request):
        if request.action == "datastore_upsert":
            sent.append(request)
        return request.action == "datastore_upsert" and len(sent) > 1

    fault = proxy.fail(is_second_load, cut_request=True)
    error = refused(trial, access, "portal-unreachable", EXIT_UNFORESEEN)
    assert "datastore_upsert" in str(error)
    assert fault.met == access.attempts, "it was sent again before giving up"
    assert ask("package_show", id=trial.name)["private"], "nobody sees half a table"
    assert ask("datastore_info", id=trial.id())["meta"]["count"] == 1_000
    proxy.heal()
    table = trial.publish(access).tables["visits.csv"]
    assert (table.rows, table.added) == (2_100, 1_100)
    assert not ask("package_show", None, id=trial.name)["private"]


def test_the_table_of_a_publish_that_was_stopped_is_gone_when_the_next_release_does_not_have_it(
    trial, access, ask, proxy
):
    trial.publish(access)
    stopped = trial.table("more_visits", ROWS)
    proxy.fail(lambda request: b'filename="more_visits.csv"' in request.body, status=500)
    refused(trial, access, "portal-failed", EXIT_UNFORESEEN)
    assert ask("datastore_info", None, id=stopped.id)["meta"]["count"] == len(ROWS)
    proxy.heal()
    del trial.resources[stopped.filename]
    trial.publish(access)
    assert [r["id"] for r in ask("package_show", id=trial.name)["resources"]] == [trial.id()]
    with pytest.raises(ckanapi.NotFound):
        ask("datastore_search", resource_id=stopped.id)


@pytest.mark.parametrize("action", ["package_create", "package_revise", "datastore_create", "datastore_upsert"])
def test_an_answer_lost_on_the_way_does_nothing_twice(trial, access, ask, proxy, action):
    fault = proxy.fail(action, lose_answer=True, times=1)
    trial.publish(access)
    assert fault.met == 1
    shown = ask("package_show", None, id=trial.name)
    assert [r["id"] for r in shown["resources"]] == [trial.id()]
    assert ask("datastore_info", id=trial.id())["meta"]["count"] == len(ROWS)
    assert not trial.publish(access).changed


@pytest.mark.parametrize("action", ["datastore_delete", "datastore_records_delete"])
def test_an_answer_lost_while_something_is_removed_does_no_harm(trial, access, ask, proxy, action):
    trial.table("more_visits", ROWS)
    trial.publish(access)
    gone = trial.resources.pop("more_visits.csv")
    trial.table("visits", ROWS[:-1])
    fault = proxy.fail(action, lose_answer=True, times=1)
    trial.publish(access)
    assert fault.met == 1
    assert ask("datastore_info", id=trial.id())["meta"]["count"] == len(ROWS) - 1
    assert [r["id"] for r in ask("package_show", id=trial.name)["resources"]] == [trial.id()]
    with pytest.raises(ckanapi.NotFound):
        ask("datastore_search", resource_id=gone.id)


def test_a_short_storm_of_server_errors_is_waited_out(trial, access, ask, proxy):
    faults = [proxy.fail(is_write, status=503, times=2), proxy.fail("package_show", status=502, times=1)]
    assert trial.publish(access).created
    assert [fault.met for fault in faults] == [2, 1]
    assert not ask("package_show", None, id=trial.name)["private"]


def test_a_long_storm_is_an_outage_and_the_package_stays_as_it_was(trial, access, ask, proxy):
    trial.publish(access)
    before = ask("package_show", None, id=trial.name)
    trial.table("visits", [("Yolo", "Male", "44", "")])
    trial.fields = {**FIELDS, "title": "New title"}
    proxy.fail(is_write, status=500)
    error = refused(trial, access, "portal-failed", EXIT_UNFORESEEN)
    assert "500" in str(error)
    assert "secret detail" not in str(error)
    assert ask("package_show", None, id=trial.name) == before
    assert ask("datastore_info", id=trial.id())["meta"]["count"] == len(ROWS)
    proxy.heal()
    assert trial.publish(access).changed


def test_a_slow_portal_is_said_to_be_slow(trial, access, proxy):
    proxy.fail("organization_show", delay=1.5)
    error = refused(trial, replace(access, timeout=0.5, attempts=2), "portal-slow", EXIT_UNFORESEEN)
    assert "within 0.5 s, in 2 attempt(s)" in str(error)


def test_nobody_at_home(trial, access):
    refused(trial, replace(access, url="http://127.0.0.1:9", attempts=2), "portal-unreachable", EXIT_UNFORESEEN)


def test_a_web_site_that_is_no_ckan(trial, access, proxy):
    proxy.fail("status_show", status=404)
    refused(trial, access, "portal-failed", EXIT_UNFORESEEN)


def test_a_full_disk_of_this_machine(trial, access, ask):
    trial.table("visits", [(f"County {n}", "Female", str(n), "") for n in range(2_000)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        refused(trial, access, "portal-disk", EXIT_UNFORESEEN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ask("package_show", id=trial.name)["private"]
    assert trial.publish(access).tables["visits.csv"].rows == 2_000


def test_a_file_too_large_for_the_portal(trial, access, ask, proxy):
    proxy.fail("package_revise", status=413)
    refused(trial, access, "portal-too-large", EXIT_REFUSED)
    assert ask("package_show", id=trial.name)["private"]


# Reading back


def is_download(request):
    return "/download/" in request.path


def test_a_file_that_arrives_damaged_once_is_sent_again(trial, access, ask, proxy):
    proxy.fail(is_download, alter=lambda content: content[:-1], times=1)
    trial.publish(access)
    assert any("sending them again" in text for text in trial.said)
    assert not ask("package_show", None, id=trial.name)["private"]


def test_a_file_that_stays_damaged_keeps_a_new_package_private(trial, access, ask, proxy):
    proxy.fail(is_download, alter=lambda content: content[:-1])
    error = refused(trial, access, "portal-mismatch", EXIT_UNFORESEEN)
    assert error.details == ("visits.csv: the portal gives out other bytes than were sent",)
    assert ask("package_show", id=trial.name)["private"]


def test_a_table_that_lost_rows_is_noticed(trial, access, proxy):
    counted = []

    def one_less(content):
        answer = json.loads(content)
        counted.append(answer)
        if answer.get("success") and answer["result"]["meta"]["count"] == len(ROWS):
            answer["result"]["meta"]["count"] -= 1
        return json.dumps(answer).encode()

    proxy.fail("datastore_info", alter=one_less)
    error = refused(trial, access, "portal-mismatch", EXIT_UNFORESEEN)
    assert error.details == ("4 rows instead of 5",)


def test_a_text_the_portal_does_not_keep_is_noticed(trial, access, ask):
    trial.fields = {**FIELDS, "no_such_field": "x"}
    error = refused(trial, access, "portal-mismatch", EXIT_UNFORESEEN)
    assert error.details == ("no_such_field: the portal keeps something else",)
    assert ask("package_show", id=trial.name)["private"]


# Others at work


def test_a_change_made_meanwhile_is_compared_anew_and_not_lost(trial, access, ask, proxy):
    trial.publish(access)
    trial.fields = {**FIELDS, "title": "New title"}

    def meanwhile(request):
        if request.action == "package_revise" and not changed:
            changed.append(ask("package_patch", id=trial.name, groups=[{"name": "workforce"}, {"name": "health-care"}]))
        return False

    changed: list = []
    proxy.fail(meanwhile)
    trial.publish(access)
    shown = ask("package_show", None, id=trial.name)
    assert shown["title"] == "New title"
    assert {group["name"] for group in shown["groups"]} == {"workforce", "health-care"}
    assert shown["organization"]["name"] == DEPARTMENT


def test_somebody_who_never_stops_changing_it_is_reported(trial, access, ask, proxy):
    trial.publish(access)
    trial.fields = {**FIELDS, "title": "New title"}

    def meanwhile(request):
        if request.action == "package_revise":
            ask("package_patch", id=trial.name, citation=f"edit {len(proxy.requests)}")
        return False

    proxy.fail(meanwhile)
    refused(trial, access, "portal-contended", EXIT_UNFORESEEN)


def test_a_package_somebody_makes_private_meanwhile_is_not_shown_again(trial, access, ask, proxy):
    trial.publish(access)
    trial.fields = {**FIELDS, "title": "New title"}

    def meanwhile(request):
        if request.action == "package_revise" and not hidden:
            hidden.append(ask("package_patch", id=trial.name, private=True))
        return False

    hidden: list = []
    proxy.fail(meanwhile)
    refused(trial, access, "portal-package-hidden", EXIT_REFUSED)
    assert ask("package_show", id=trial.name)["private"]
