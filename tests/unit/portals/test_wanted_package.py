"""What the portal is to show of a release: by its profile, from the release's own metadata, complete or not at all."""

from __future__ import annotations

import json
import re

import pytest

from include.opendata.errors import DeclarationError, StorageError
from include.opendata.portals.ckan import DCAT_METADATA, PACKAGE_METADATA, wanted_package
from include.opendata.release import build_release
from include.opendata.rules.portal import PORTAL_PROFILES, portal_choices, portal_profile
from include.opendata.storage.manifest import ManifestFile
from tests.lib.small_release import inputs


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build_release(inputs(), tmp_path_factory.mktemp("release") / "r1")


@pytest.fixture
def package(built):
    return json.loads((built.folder / PACKAGE_METADATA).read_text(encoding="utf-8"))


@pytest.fixture
def dcat(built):
    return json.loads((built.folder / DCAT_METADATA).read_text(encoding="utf-8"))


@pytest.mark.parametrize("profile", PORTAL_PROFILES)
def test_a_release_fills_every_field_each_portal_requires(built, package, dcat, profile):
    wanted = wanted_package(built.manifest, package, dcat, portal_profile(profile))
    required = [field.name for field in portal_profile(profile).fields if field.required]
    assert all(wanted.fields[name] for name in required)
    assert wanted.name == "homicides-by-county"
    assert wanted.tags
    assert wanted.groups


def test_everything_missing_is_listed_at_once(built, package, dcat):
    for name in ("author", "contact_email", "temporal_coverage"):
        package[name] = ""
    package |= {"tags": [], "accrual_periodicity": "now and then", "name": "Homicides!", "owner_org": ""}
    with pytest.raises(DeclarationError) as failed:
        wanted_package(built.manifest, package, dcat, portal_profile("chhs"))
    assert failed.value.slug == "portal-fields-missing"
    assert {detail.partition(":")[0] for detail in failed.value.details} == {
        *("author", "contact_email", "temporal_coverage", "tags", "accrual_periodicity", "name", "owner_org")
    }


@pytest.mark.parametrize("tag", ["x", "a" * 101, "co$t"])
def test_a_tag_the_portal_would_not_take_is_refused(built, package, dcat, tag):
    package["tags"] = [{"name": tag}]
    with pytest.raises(DeclarationError, match="would not take this package"):
        wanted_package(built.manifest, package, dcat, portal_profile("chhs"))


def test_the_department_may_have_another_name_on_the_portal(built, package, dcat):
    wanted = wanted_package(built.manifest, package, dcat, portal_profile("chhs"), organization="cdph")
    assert wanted.organization == "cdph"


def test_only_data_and_dictionaries_are_for_the_portal(built, package, dcat):
    wanted = wanted_package(built.manifest, package, dcat, portal_profile("chhs"))
    roles = {file.path: file.role for file in built.manifest.files}
    assert {roles[resource.path] for resource in wanted.resources} == {"data", "dictionary"}
    assert {r.path for r in wanted.resources} == {p for p, role in roles.items() if role in ("data", "dictionary")}
    assert len({r.filename for r in wanted.resources}) == len({r.id for r in wanted.resources}) == len(wanted.resources)


def test_a_file_nobody_described_is_named_after_its_table(built, package, dcat):
    csv_file = package["resources"][0]
    path = csv_file["path"].replace(".csv", ".geojson")
    added = ManifestFile(path=path, sha256="1" * 64, bytes=1, media_type="application/geo+json", role="data")
    manifest = built.manifest.model_copy(update={"files": (*built.manifest.files, added)})
    first, second = wanted_package(manifest, package, dcat, portal_profile("chhs")).resources[:2]
    assert (first.path, second.path) == (csv_file["path"], path)
    assert second.fields["name"] == f"GeoJSON: {csv_file['name']}"
    assert (second.fields["format"], second.table) == ("GeoJSON", None)


def test_the_ids_of_files_are_the_same_for_every_release(built, package, dcat):
    def ids(manifest):
        return [r.id for r in wanted_package(manifest, package, dcat, portal_profile("chhs")).resources]

    assert ids(built.manifest) == ids(built.manifest.model_copy(update={"release": "another"}))


def test_metadata_that_speak_of_other_files_are_not_believed(built, package, dcat):
    package["resources"][0]["hash"] = "0" * 64
    with pytest.raises(StorageError) as failed:
        wanted_package(built.manifest, package, dcat, portal_profile("chhs"))
    assert failed.value.slug == "release-metadata"


def test_the_agencys_choices_are_those_its_portal_takes():
    fields = {field.name: field for field in portal_profile("chhs").fields}
    lists = portal_choices()
    assert fields["accrual_periodicity"].choices == tuple(p.choice for p in lists.accrual_periodicity)
    assert fields["geographic_granularity"].choices == lists.geographic_granularity
    assert fields["data_license"].constant == lists.data_license
    assert fields["limitations"].constant == lists.limitations


def test_every_frequency_has_a_name_on_the_states_portal():
    (field,) = (f for f in portal_profile("data_ca").fields if f.name == "accrualPeriodicity")
    assert {p.dcat for p in portal_choices().accrual_periodicity} <= set(field.choices)


def test_every_topic_has_its_place_on_the_states_portal():
    topics = {re.sub(r"[^a-z]+", "-", topic.lower()) for topic in portal_choices().topics}
    assert topics == set(portal_profile("data_ca").topics)


def test_a_profile_nobody_wrote_is_an_error():
    with pytest.raises(KeyError):
        portal_profile("elsewhere")
