"""What a reader of the portal finds after a release was published: on a real CKAN with the agency's package form."""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.request
from dataclasses import replace

import ckanapi
import pytest

from include.opendata.portals.ckan import datastore
from tests.integration.portal.packages import FIELDS, ROWS, TYPES
from tests.servers.ckan.prepare import DEPARTMENT

pytestmark = pytest.mark.slow

READING = {
    "status_show",
    "user_show",
    "organization_show",
    "organization_list_for_user",
    "group_show",
    "package_show",
    "datastore_info",
    "datastore_search",
}


def records(ask, resource, who=None):
    found = ask("datastore_search", who, resource_id=resource, limit=1000)["records"]
    return {tuple(row[name] for name in ("County", "Sex")): (row["Visits"], row["Visits_annotation"]) for row in found}


def activities(ask, name):
    return [one["activity_type"] for one in ask("package_activity_list", id=name)]


def downloaded(ask, name):
    """Filename → digest of what anybody can download."""
    found = {}
    for resource in ask("package_show", None, id=name)["resources"]:
        with urllib.request.urlopen(resource["url"]) as answer:
            found[resource["url"].rpartition("/")[2]] = hashlib.sha256(answer.read()).hexdigest()
    return found


def test_everybody_finds_the_package_with_its_files_types_and_dictionary(trial, access, ask):
    trial.file("visits.json", b'[{"County": "Alameda"}]\n')
    published = trial.publish(access)
    shown = ask("package_show", None, id=trial.name)
    assert (published.created, published.changed, shown["private"]) == (True, True, False)
    assert {name: shown.get(name) or "" for name in FIELDS} == FIELDS
    assert shown["organization"]["name"] == DEPARTMENT
    assert [group["name"] for group in shown["groups"]] == ["health-care"]
    assert {tag["name"] for tag in shown["tags"]} == {"clinics", "visits"}
    csv_file, json_file = shown["resources"]
    for resource, wanted in ((csv_file, trial.resources["visits.csv"]), (json_file, trial.resources["visits.json"])):
        assert {name: resource[name] for name in wanted.fields} == wanted.fields
        assert resource["id"] == wanted.id == published.files[wanted.filename]
    assert downloaded(ask, trial.name) == {n: r.fields["hash"] for n, r in trial.resources.items()}
    assert csv_file["datastore_active"]
    assert not json_file["datastore_active"]
    info = ask("datastore_info", None, id=csv_file["id"])
    assert {f["id"]: f["type"] for f in info["fields"]} == TYPES
    assert info["fields"][2]["info"] == {"label": "visits", "notes": "As counted.", "type_override": "numeric"}
    assert [view["view_type"] for view in ask("resource_view_list", None, id=csv_file["id"])] == ["datatables_view"]


def test_a_suppressed_value_is_null_in_a_column_of_numbers_and_zero_is_zero(trial, access, ask):
    trial.publish(access)
    found = records(ask, trial.id())
    assert found["Alpine", "Female"] == (None, "1")
    assert found['San "Luis", Obispo', "Female"] == (0, None)
    assert found["Alameda", "Male"] == (90.5, None)


def test_publishing_the_same_again_writes_nothing(trial, access, ask, proxy):
    trial.publish(access)
    before = (activities(ask, trial.name), ask("package_show", id=trial.name)["metadata_modified"])
    proxy.requests.clear()
    again = trial.publish(access)
    assert (again.created, again.changed, again.sent) == (False, False, ())
    assert (activities(ask, trial.name), ask("package_show", id=trial.name)["metadata_modified"]) == before
    assert set(proxy.actions()) <= READING


def test_only_what_changed_is_written(trial, access, ask, proxy):
    trial.file("notes.json", b"{}")
    trial.publish(access)
    trial.table("visits", [*ROWS[:1], ("Alameda", "Male", "91", ""), *ROWS[3:], ("Yolo", "Female", "33", "")])
    proxy.requests.clear()
    done = trial.publish(access)
    table = done.tables["visits.csv"]
    assert (table.added, table.changed, table.removed) == (1, 1, 1)
    assert done.sent == ("visits.csv",)
    assert proxy.actions().count("datastore_upsert") == 1, "added and changed rows in one transaction"
    assert proxy.actions().count("package_revise") == 1, "files and texts in one request"
    found = records(ask, trial.id())
    assert found["Alameda", "Male"] == (91, None)
    assert ("Alpine", "Female") not in found
    assert len(found) == 5


def test_publishing_the_earlier_release_brings_back_its_data_and_metadata(trial, access, ask):
    def seen():
        package = ask("package_show", None, id=trial.name)
        texts = {name: package.get(name) or "" for name in FIELDS}
        return texts, {t["name"] for t in package["tags"]}, downloaded(ask, trial.name), records(ask, trial.id())

    trial.publish(access)
    first = seen()
    resources = dict(trial.resources)
    kept = (trial.folder / "visits.csv").read_bytes()
    trial.fields = {**FIELDS, "title": "Visits, revised", "citation": "Clinics, 2021"}
    trial.tags = ("clinics", "revised")
    trial.table("visits", [("Yolo", "Male", "1000", "")])
    trial.publish(access)
    assert seen() != first
    trial.fields, trial.tags, trial.resources = FIELDS, ("clinics", "visits"), resources
    (trial.folder / "visits.csv").write_bytes(kept)
    trial.publish(access)
    assert seen() == first


def test_readers_never_find_the_table_empty_while_it_is_replaced(trial, access, ask, portal_server):
    rows = [(f"County {n}", "Female", str(n), "") for n in range(5_000)]
    trial.table("visits", rows)
    trial.publish(access)
    seen, done = [], threading.Event()

    def read():
        with ckanapi.RemoteCKAN(portal_server.url) as portal:
            while not done.is_set():
                seen.append(portal.call_action("datastore_search", {"resource_id": trial.id(), "limit": 0})["total"])
                time.sleep(0.02)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        changed = [(county, sex, "7" if n % 20 == 0 else visits, "") for n, (county, sex, visits, _) in enumerate(rows)]
        trial.table("visits", changed[1_000:] + [(f"New county {n}", "Male", "50", "") for n in range(1_000)])
        table = trial.publish(access).tables["visits.csv"]
    finally:
        done.set()
        reader.join()
    assert (table.added, table.changed, table.removed) == (1_000, 200, 1_000)
    assert len(seen) > 5
    assert min(seen) >= 5_000, "added before anything is removed"
    assert records_total(ask, trial.id()) == 5_000
    assert any("rows to change, in one transaction" in text for text in trial.said)


def records_total(ask, resource):
    return ask("datastore_search", None, resource_id=resource, limit=0)["total"]


def test_a_load_is_sent_in_requests_of_a_bounded_size_and_says_how_far_it_is(trial, access, proxy, monkeypatch):
    assert datastore.ROWS_PER_REQUEST == 10_000
    monkeypatch.setattr(datastore, "ROWS_PER_REQUEST", 1_000)
    trial.table("visits", [(f"County {n}", "Female", str(n), "") for n in range(2_050)])
    trial.publish(access)
    sizes = [len(request.body) for request in proxy.requests if request.action == "datastore_upsert"]
    assert len(sizes) == 3
    assert max(sizes) < 200_000
    assert any("1,000 of 2,050 rows are in the DataStore" in text for text in trial.said)


def test_columns_come_and_go_in_place(trial, access, ask, proxy):
    trial.publish(access)
    types = {"County": "text", "Sex": "text", "Visits": "numeric", "Rate": "numeric"}
    trial.table("visits", [(*row[:3], "1.5") for row in ROWS], types=types)
    proxy.requests.clear()
    table = trial.publish(access).tables["visits.csv"]
    assert (table.described, table.rebuilt, table.changed) == (True, False, 5)
    assert "datastore_delete" not in proxy.actions()
    assert [f["id"] for f in ask("datastore_info", id=trial.id())["fields"]] == list(types)
    assert not trial.publish(access).changed


@pytest.mark.parametrize(
    ("types", "key"),
    [({**TYPES, "Visits": "text"}, ("County", "Sex")), (TYPES, ("County", "Sex", "Visits"))],
    ids=["another type", "another key"],
)
def test_another_type_or_key_makes_the_table_anew(trial, access, ask, types, key):
    trial.publish(access)
    trial.table("visits", ROWS, types=types, key=key)
    done = trial.publish(access)
    assert done.tables["visits.csv"].rebuilt
    assert {f["id"]: f["type"] for f in ask("datastore_info", id=trial.id())["fields"]} == types
    assert not trial.publish(access).changed


def test_a_changed_definition_reaches_the_dictionary_though_no_row_changed(trial, access, ask):
    trial.publish(access)
    trial.table("visits", ROWS, notes="As counted anew.")
    table = trial.publish(access).tables["visits.csv"]
    assert (table.described, table.added, table.changed, table.removed) == (True, 0, 0, 0)
    assert ask("datastore_info", id=trial.id())["fields"][0]["info"]["notes"] == "As counted anew."


def test_a_table_no_longer_published_is_gone_with_its_rows_and_may_come_back(trial, access, ask):
    trial.table("more_visits", ROWS)
    trial.publish(access)
    gone = trial.resources.pop("more_visits.csv")
    trial.publish(access)
    assert [r["id"] for r in ask("package_show", id=trial.name)["resources"]] == [trial.id()]
    with pytest.raises(ckanapi.NotFound):
        ask("datastore_search", resource_id=gone.id)
    trial.resources[gone.filename] = gone
    trial.publish(access)
    assert len(records(ask, gone.id)) == len(ROWS)


def test_files_are_shown_in_the_declared_order(trial, access, ask):
    trial.file("b.json", b"[]")
    trial.publish(access)
    trial.file("a.json", b"[1]")
    trial.resources = {name: trial.resources[name] for name in ("a.json", "visits.csv", "b.json")}
    trial.publish(access)
    found = [r["url"].rpartition("/")[2] for r in ask("package_show", id=trial.name)["resources"]]
    assert found == ["a.json", "visits.csv", "b.json"]
    assert not trial.publish(access).changed


def test_a_package_made_by_hand_keeps_its_ids_and_what_else_is_in_it(trial, access, ask, portal_server):
    ask(
        "package_create",
        **{**FIELDS, "title": "By hand"},
        name=trial.name,
        owner_org=DEPARTMENT,
        tags=[{"name": "clinics"}],
        groups=[{"name": "demographics"}],
        resources=[
            {"url": "https://www.example.org/visits.csv", "name": "old", "format": "XLS"},
            {"url": "https://www.example.org/guide.pdf", "name": "Guide", "format": "PDF"},
        ],
    )
    old, guide = ask("package_show", id=trial.name)["resources"]
    done = trial.publish(access)
    assert done.files == {"visits.csv": old["id"]}
    shown = ask("package_show", id=trial.name)
    assert shown["title"] == FIELDS["title"]
    assert [(r["id"], r["name"]) for r in shown["resources"]] == [
        (old["id"], "The visits.csv"),
        (guide["id"], "Guide"),
    ]
    assert {group["name"] for group in shown["groups"]} == {"demographics", "health-care"}
    assert downloaded_one(shown["resources"][0]["url"]) == trial.resources["visits.csv"].fields["hash"]
    assert not trial.publish(access).changed


def test_a_table_in_a_resource_made_by_hand_is_gone_too_when_it_is_no_longer_published(trial, access, ask, monkeypatch):
    more = trial.table("more_visits", ROWS)
    ask(
        "package_create",
        **FIELDS,
        name=trial.name,
        owner_org=DEPARTMENT,
        tags=[{"name": "clinics"}],
        groups=[{"name": "health-care"}],
        resources=[
            {"url": "https://www.example.org/more_visits.csv", "name": "old"},
            {"url": "https://www.example.org/guide.pdf", "name": "Guide"},
        ],
    )
    old, guide = ask("package_show", id=trial.name)["resources"]
    done = trial.publish(access)
    assert done.files[more.filename] == old["id"]
    del trial.resources[more.filename]
    wanted = replace(trial.wanted(), adopted=frozenset(done.files.values()))
    monkeypatch.setattr(trial, "wanted", lambda: wanted)
    trial.publish(access)
    assert {r["id"] for r in ask("package_show", id=trial.name)["resources"]} == {trial.id(), guide["id"]}
    with pytest.raises(ckanapi.NotFound):
        ask("datastore_search", resource_id=old["id"])


def downloaded_one(address):
    with urllib.request.urlopen(address) as answer:
        return hashlib.sha256(answer.read()).hexdigest()


def test_what_was_altered_by_hand_is_put_right(trial, access, ask, portal_server):
    trial.publish(access)
    ask(
        "datastore_upsert",
        resource_id=trial.id(),
        force=True,
        records=[{"County": "Alpine", "Sex": "Male", "Visits": 7}],
        method="upsert",
    )
    (file,) = (p for p in portal_server.uploads.rglob("*") if p.is_file() and _stored(p) == trial.id())
    file.write_bytes(file.read_bytes().replace(b"90.50", b"90.51"))
    done = trial.publish(access)
    assert done.sent == ("visits.csv",)
    assert done.tables["visits.csv"].changed == 1
    assert records(ask, trial.id())["Alpine", "Male"] == (None, "2")
    assert downloaded(ask, trial.name) == {"visits.csv": trial.resources["visits.csv"].fields["hash"]}


def _stored(path):
    """CKAN keeps a file under its resource's id, in folders of three letters."""
    return "".join(path.parts[-3:])


def test_rows_that_are_there_twice_are_there_once_afterwards(trial, access, ask):
    trial.publish(access)
    info = ask("datastore_info", id=trial.id())
    ask("datastore_delete", resource_id=trial.id(), force=True)
    fields = [{"id": f["id"], "type": f["type"], "info": f["info"]} for f in info["fields"]]
    row = {"County": "Alameda", "Sex": "Female", "Visits": 120}
    ask("datastore_create", resource_id=trial.id(), force=True, fields=fields, records=[row, row])
    trial.publish(access)
    assert records_total(ask, trial.id()) == len(ROWS)


def test_a_package_somebody_made_private_is_not_shown_again(trial, access, ask):
    from include.opendata.errors import Refused

    trial.publish(access)
    ask("package_patch", id=trial.name, private=True)
    with pytest.raises(Refused) as refused:
        trial.publish(access, was_public=True)
    assert refused.value.slug == "portal-package-hidden"
    assert ask("package_show", id=trial.name)["private"]


def test_two_releases_of_one_dataset_have_the_same_resource_ids(trial):
    first = trial.wanted().resources[0].id
    assert replace(trial.wanted(), release="r2").resources[0].id == first == trial.id()


def test_types_and_dictionary_are_there_before_the_file_so_that_a_portals_own_loader_finds_them(trial, access, proxy):
    trial.publish(access)
    arrived = [request for request in proxy.requests if b'filename="visits.csv"' in request.body]
    made = [request for request in proxy.requests if request.action == "datastore_create"]
    assert len(arrived) == len(made) == 1
    assert b"type_override" in made[0].body
    assert proxy.requests.index(made[0]) < proxy.requests.index(arrived[0])
