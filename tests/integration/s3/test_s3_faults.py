"""Every fault ends in words, in the right exit code, and in a bucket whose readers see what they saw before."""

from __future__ import annotations

import io
import json
import logging
import resource
import uuid

import pytest

from include.opendata.errors import EXIT_BAD_INPUT, EXIT_UNFORESEEN, OpendataError, Refused, SetupError, StorageError
from include.opendata.staging import S3Access, S3Staging, open_staging
from include.opendata.staging import s3 as subject
from include.opendata.staging.s3_client import S3Limits, s3_errors
from include.opendata.staging.s3_objects import Objects
from tests.integration.s3.conftest import QUICK, access_to
from tests.integration.s3.test_s3_uploads import with_large_file
from tests.lib.staged_release import make_release
from tests.servers.faulty_network import faulty_network
from tests.servers.s3 import BUCKET

IMPATIENT = S3Limits(part_bytes=5 << 20, workers=2, connect_seconds=1, read_seconds=1, attempts=2)


@pytest.fixture
def network(server):
    with faulty_network(server.endpoint) as faults:
        yield faults


@pytest.fixture
def staged(place):
    """A place with one release, so that "as it was" means something."""
    place.publish("r1", None)
    place.before = place.tree()
    return place


def failing(place, staging, kind=OpendataError, folder="work-r2", manifest=None) -> OpendataError:
    """The error a publication of the next release ends in; it holds no secret, and readers see what they saw before."""
    folder = place.folder / folder
    manifest = manifest or make_release(folder, "r2", data="Group,Visits\nA,15\n")
    with pytest.raises(kind) as failure:
        staging.publish(folder, manifest, "r1")
    told = f"{failure.value!r} {failure.value}"
    keys = place.server
    for secret in (keys.writer.secret_key, keys.reader.secret_key, "not-the-secret", "127.0.0.1"):
        assert secret not in told
    as_seen = {k: v for k, v in place.tree().items() if "/r2/" not in k}
    assert as_seen == place.before
    assert place.staging().releases("visits") == ("r1",)
    return failure.value


def then_it_ends_well(place):
    """The same publication without the fault: whole, current, and nothing left behind."""
    folder = place.folder / "work-r2"
    from include.opendata.storage.manifest import read_manifest

    manifest = read_manifest(folder / "manifest.json")
    place.staging().publish(folder, manifest, "r1")
    assert place.staging().current("visits") == "r2"
    assert place.staging().verify("visits") == []
    assert place.unfinished() == []


# How the installation is set up


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"secret_key": "not-the-secret"}, "credentials-refused"),
        ({"access_key": "NOBODY"}, "credentials-refused"),
        ({"endpoint_url": "no address"}, "endpoint-invalid"),
    ],
)
def test_wrong_credentials_are_a_matter_of_the_set_up(staged, changes, slug):
    error = failing(staged, staged.staging(**changes), SetupError)
    assert (error.slug, error.exit_code) == (slug, EXIT_BAD_INPUT)


def test_no_credentials_at_all_are_said_to_be_missing(staged, monkeypatch):
    for name, value in staged.server.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    error = failing(staged, open_staging(staged.address), SetupError)
    assert error.slug == "credentials-missing"
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    assert failing(staged, open_staging(staged.address), SetupError).slug == "credentials-missing"


def test_a_reader_may_look_and_not_publish(staged):
    reader = staged.server.reader
    staging = staged.staging(access_key=reader.access_key, secret_key=reader.secret_key)
    assert staging.current("visits") == "r1"
    assert staging.verify("visits") == []
    error = failing(staged, staging, SetupError)
    assert (error.slug, error.exit_code) == ("staging-denied", EXIT_BAD_INPUT)


def test_a_missing_bucket_is_said_to_be_missing(staged):
    staging = S3Staging("no-such-bucket", access=access_to(staged.server), limits=QUICK)
    for asked in (lambda: staging.current("visits"), lambda: staging.releases("visits"), staging.datasets):
        with pytest.raises(SetupError) as failure:
            asked()
        assert failure.value.slug == "bucket-missing"
    assert failing(staged, staging, SetupError).slug == "bucket-missing"


def test_a_server_that_ignores_conditions_is_not_used(staged):
    staging = staged.staging(limits=QUICK)

    def ignore(request, **_):
        for name in ("If-Match", "If-None-Match"):
            del request.headers[name]

    staging._objects._client.meta.events.register("before-sign.s3", ignore)
    error = failing(staged, staging, SetupError)
    assert error.slug == "staging-unsupported"


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:not-the-secret@bucket/x",
        "s3://bucket/x?secret=not-the-secret",
        "s3://b/",
        "s3://bucket/../x",
        "s3:///x",
    ],
)
def test_an_address_that_is_none_is_refused_without_being_quoted(address):
    with pytest.raises(OpendataError) as failure:
        open_staging(address)
    assert failure.value.slug == "staging-unsupported"
    assert "secret" not in str(failure.value)


def test_keys_are_not_shown_by_what_holds_them():
    assert "not-the-secret" not in repr(
        S3Access("key", "not-the-secret", "not-the-secret", "http://u:not-the-secret@h")
    )


# What the network and the server do


def test_a_cut_in_the_middle_of_an_upload_is_tried_again(staged, network):
    folder = staged.folder / "work-r2"
    manifest, _ = with_large_file(folder, "r2")
    network.cut_after = 7 << 20
    staged.staging(endpoint_url=network.endpoint, limits=QUICK).publish(folder, manifest, "r1")
    assert network.cuts == 1
    assert staged.staging().verify("visits") == []
    assert staged.unfinished() == []


def test_a_network_that_stays_down_publishes_nothing_and_the_rerun_ends_well(staged, network):
    folder = staged.folder / "work-r2"
    manifest, _ = with_large_file(folder, "r2")
    network.cut_after, network.heals = 7 << 20, False
    error = failing(
        staged, staged.staging(endpoint_url=network.endpoint, limits=IMPATIENT), StorageError, manifest=manifest
    )
    assert (error.slug, error.exit_code) == ("staging-unreachable", EXIT_UNFORESEEN)
    assert staged.unfinished() == ["visits/releases/r2/data/large.csv"], "it could not be aborted"
    then_it_ends_well(staged)


def test_a_server_that_fails_again_and_again_is_said_to(staged, network):
    network.busy = True
    error = failing(staged, staged.staging(endpoint_url=network.endpoint, limits=IMPATIENT), StorageError)
    assert (error.slug, error.exit_code) == ("staging-unavailable", EXIT_UNFORESEEN)
    then_it_ends_well(staged)


def test_a_server_that_does_not_answer_is_not_waited_for(staged, network):
    network.silent = True
    error = failing(staged, staged.staging(endpoint_url=network.endpoint, limits=IMPATIENT), StorageError)
    assert error.slug == "staging-slow"


def test_nobody_listening_is_a_place_out_of_reach(staged):
    error = failing(staged, staged.staging(endpoint_url="http://127.0.0.1:9", limits=IMPATIENT), StorageError)
    assert error.slug == "staging-unreachable"


# What is damaged on the way


def test_bytes_that_do_not_read_back_as_they_were_sent_are_not_published(staged, monkeypatch):
    original = Objects.upload

    def upload_and_rot(self, source, key, **more):
        new = original(self, source, key, **more)
        if key.endswith("data/by_group.csv"):
            staged.write(key, source.read_bytes().replace(b"5", b"6"))
        return new

    with monkeypatch.context() as patched:
        patched.setattr(Objects, "upload", upload_and_rot)
        error = failing(staged, staged.staging(), StorageError)
    assert error.slug == "copy-damaged"
    assert "data/by_group.csv" in str(error)
    then_it_ends_well(staged)


def test_bytes_damaged_on_their_way_are_refused_by_the_server(staged):
    staging = staged.staging(limits=QUICK)

    def damage(request, **_):
        if request.url.endswith("data/by_group.csv") and request.method == "PUT":
            request.body = io.BytesIO(request.body.read().replace(b"A,15", b"A,51"))

    staging._objects._client.meta.events.register("before-send.s3", damage)
    error = failing(staged, staging, StorageError)
    assert error.slug == "copy-damaged"
    then_it_ends_well(staged)


def test_a_full_disk_where_a_file_is_fetched_to_leaves_nothing_there(staged, tmp_path):
    folder = staged.folder / "work-r2"
    manifest, _ = with_large_file(folder, "r2")
    staged.staging().publish(folder, manifest, "r1")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(StorageError) as failure:
            staged.staging().fetch_file("visits", "r2", "data/large.csv", tmp_path / "fetched")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert failure.value.exit_code == EXIT_UNFORESEEN
    assert not list(tmp_path.glob("*fetched*"))


# What a killed publisher leaves


class Killed(BaseException):
    """The publisher is no more: none of its requests is sent from here on."""


def dies_when(staging: S3Staging, dies) -> None:
    """Let the publisher die before the first request for which ``dies`` holds."""
    dead = []

    def hook(event_name, **_):
        if dead or dies(event_name.rpartition(".")[2]):
            dead.append(event_name)
            raise Killed

    staging._objects._client.meta.events.register("before-send.s3", hook)


def a_reader_sees_a_whole_release(place, when):
    current = place.staging().current("visits")
    drift = {d.slug for d in place.staging().verify("visits")}
    assert drift <= {"catalog"}, f"killed {when}: the current release is whole"
    assert current == "r2" or not drift, f"killed {when}: the catalog lags behind a new pointer and never else"


def test_a_publisher_killed_at_any_request_leaves_whole_releases_and_the_next_one_ends_in_the_same_tree(place):
    folder = place.folder / "work-r2"
    manifest = make_release(folder, "r2", data="Group,Visits\nA,15\n", started_at="2026-03-01T00:00:00Z")
    place.publish("r1", None)
    before, moving = place.listed(), {key: place.read(key) for key in ("visits/current.json", "data.json")}
    place.staging().publish(folder, manifest, "r1")
    after, step, outlived = place.listed(), 1, False
    while not outlived:
        for key in set(place.listed()) - set(before):
            place.delete(key)
        for key, content in moving.items():
            place.write(key, content)
        dying, left = place.staging(limits=IMPATIENT), iter(range(step - 1))
        dies_when(dying, lambda _, left=left: next(left, None) is None)
        try:
            dying.publish(folder, manifest, "r1")
            outlived = True
        except Killed:
            a_reader_sees_a_whole_release(place, f"at request {step}")
            place.staging().publish(folder, manifest, "r1")
        assert place.listed() == after, f"killed at request {step} and run again"
        step += 1
    assert step > 20


@pytest.mark.parametrize("request_", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_a_publisher_killed_in_an_upload_in_parts_is_followed_by_one_that_ends_well(staged, request_):
    folder = staged.folder / "work-r2"
    manifest, _ = with_large_file(folder, "r2")
    dying = staged.staging(limits=QUICK)
    dies_when(dying, lambda operation: operation == request_)
    with pytest.raises(Killed):
        dying.publish(folder, manifest, "r1")
    assert len(staged.unfinished()) == (request_ != "CreateMultipartUpload")
    a_reader_sees_a_whole_release(staged, f"before {request_}")
    then_it_ends_well(staged)


def test_what_a_killed_publisher_left_is_completed_without_sending_it_again(staged):
    folder = staged.folder / "work-r2"
    manifest, _ = with_large_file(folder, "r2")
    staged.write("visits/releases/r2/data/large.csv", (folder / "data/large.csv").read_bytes())
    staging, sent = staged.staging(limits=QUICK), []
    staging._objects._client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.url))
    staging.publish(folder, manifest, "r1")
    assert not [url for url in sent if "uploadId" in url or url.endswith("?uploads")]
    assert staged.staging().verify("visits") == []


@pytest.mark.parametrize("left", [("data/by_group.csv", b"Group,Visits\nA,16\n"), ("data/other.csv", b"x")])
def test_what_is_not_part_of_the_release_is_not_completed(staged, left):
    staged.write(f"visits/releases/r2/{left[0]}", left[1])
    error = failing(staged, staged.staging(), Refused)
    assert error.slug == "release-exists"
    assert left[0] in str(error)


def test_what_was_left_long_ago_is_swept_and_what_is_new_is_not(staged, monkeypatch):
    staged.write("visits/releases/r0/data/by_group.csv", b"x")
    begun = staged.client.create_multipart_upload(Bucket=BUCKET, Key=f"{staged.prefix}/visits/releases/r0/data/y.csv")
    staged.publish("r2", "r1", data="Group,Visits\nA,15\n")
    assert "visits/releases/r0/data/by_group.csv" in staged.tree()
    assert staged.unfinished() == ["visits/releases/r0/data/y.csv"]
    monkeypatch.setattr(subject, "_LEFT_BEHIND", subject.dt.timedelta(seconds=-60))
    staged.publish("r3", "r2", data="Group,Visits\nA,17\n")
    assert not [key for key in staged.tree() if "/r0/" in key]
    assert staged.unfinished() == []
    assert begun["UploadId"]


def test_the_current_release_is_not_touched_even_for_a_moment(staged, monkeypatch):
    monkeypatch.setattr(Objects, "delete", lambda self, keys: pytest.fail(f"deleted {keys}"))
    with pytest.raises(Refused):
        staged.staging().remove_release("visits", "r1")


def test_an_object_that_is_replaced_while_it_is_read_is_noticed(staged):
    key = "visits/releases/r1/data/by_group.csv"
    objects = staged.staging()._objects
    stored = objects.listed(key)[""]
    staged.write(key, b"Group,Visits\nA,13\n")
    with pytest.raises(StorageError) as failure, s3_errors("visits", BUCKET):
        list(objects.pieces(stored.key, stored.size, stored.etag))
    assert failure.value.slug == "staging-drifted"


def test_a_release_made_current_while_it_is_removed_stays_whole(staged, monkeypatch):
    staged.publish("r2", "r1", data="Group,Visits\nA,15\n")
    original = Objects.delete

    def delete_while_it_moves(self, keys):
        original(self, keys)
        if keys == ["visits/releases/r1/manifest.json"]:
            pointer = staged.before["visits/current.json"]
            staged.write("visits/current.json", pointer)

    with monkeypatch.context() as patched:
        patched.setattr(Objects, "delete", delete_while_it_moves)
        with pytest.raises(Refused) as refusal:
            staged.staging().remove_release("visits", "r1")
    assert refusal.value.slug == "release-is-current"
    assert [d.slug for d in staged.staging().verify("visits")] == ["catalog"]
    staged.staging().make_current("visits", "r1", "r1")
    assert staged.staging().verify("visits") == []


def test_a_release_removed_while_it_is_made_current_is_not_pointed_to(staged, monkeypatch):
    staged.publish("r2", "r1", data="Group,Visits\nA,15\n")
    original = Objects.put

    def remove_before_it_moves(self, key, content, **more):
        if key == "visits/current.json":
            staged.delete("visits/releases/r1/manifest.json")
        return original(self, key, content, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Objects, "put", remove_before_it_moves)
        with pytest.raises(OpendataError) as failure:
            staged.staging().make_current("visits", "r1", "r2")
    assert failure.value.slug == "release-unknown"
    assert staged.staging().current("visits") == "r2"
    assert staged.staging().verify("visits") == []


def test_long_copies_say_how_far_they_are(place, monkeypatch, caplog):
    from include.opendata.staging import progress

    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    folder = place.folder / "work"
    manifest, _ = with_large_file(folder, "r1")
    with caplog.at_level(logging.INFO, "opendata.progress"):
        place.staging().publish(folder, manifest, None)
    told = [record.getMessage() for record in caplog.records if record.name == "opendata.progress"]
    assert told[-1].startswith("staging visits: ") and told[-1].endswith("(100 %)")
    assert len(told) > 6


def test_a_catalog_that_others_change_again_and_again_is_said(staged, monkeypatch):
    """The release is the current one by then; only the catalog has to be written again."""
    put = Objects.put

    def always_late(self, key, content, **condition):
        if key != subject.CATALOG_NAME:
            return put(self, key, content, **condition)
        other = json.dumps({"changed": uuid.uuid4().hex}).encode()  # another publisher was there just before
        now = self.read(key)
        assert put(self, key, other, **{**condition, "etag": now[1] if now else None})
        return put(self, key, content, **condition)

    monkeypatch.setattr(Objects, "put", always_late)
    monkeypatch.setattr(subject, "_CATALOG_TRIES", 3)
    with pytest.raises(StorageError) as refused:
        staged.publish("r2", "r1")
    assert refused.value.slug == "catalog-contended"
    assert staged.staging().current("visits") == "r2"
