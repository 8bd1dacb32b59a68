"""A refresh from its source to a bucket and back, by the command line: staged, verified, rolled back, refreshed, pruned."""

from __future__ import annotations

import json

import pytest

from include.opendata.errors import EXIT_BAD_INPUT, EXIT_REFUSED, EXIT_UNFORESEEN
from tests.functional.conftest import installation  # noqa: F401 - a fixture
from tests.servers.faulty_network import faulty_network

DATASET = "clinic_visits"


@pytest.fixture
def s3(installation, place, monkeypatch):  # noqa: F811
    """An installation that stages to the bucket, with boto3's own variables."""
    for name, value in place.server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENDATA_STAGING", place.address)
    installation.write_source()
    installation.declare()
    return installation


def current(s3) -> str:
    return next(r["release"] for r in s3.opendata("releases", DATASET, "--json").json()["releases"] if r["current"])


def refreshed(s3, women: int) -> str:
    """The current release after a refresh with so many women in the source."""
    s3.write_source(s3.visits(women))
    answer = s3.opendata("refresh", DATASET)
    assert answer.code == 0, answer.err
    return current(s3)


def last_reasons(s3) -> list[tuple[str, str]]:
    return [(d["step"], d["slug"]) for d in s3.opendata("show", DATASET, "--json").json()["last_run"]["decisions"]]


@pytest.mark.slow
def test_a_dataset_is_staged_to_s3_rolled_back_refreshed_and_pruned(s3, place):
    first = refreshed(s3, 1200)
    folder = s3.opendata("refresh", DATASET, "--staging", str(s3.folder / "staging"))
    assert folder.code == 0, folder.err
    in_bucket = {k: v for k, v in place.tree().items() if k.startswith(DATASET) and "manifest" not in k}
    del in_bucket[f"{DATASET}/current.json"]
    in_folder = {k: v for k, v in s3.staged().items() if k in in_bucket}
    assert in_bucket == in_folder, "byte for byte what a folder holds"

    before = place.tree()
    assert refreshed(s3, 1200) == first
    assert place.tree() == before, "the second time nothing is written"

    second = refreshed(s3, 1300)
    assert second != first
    assert s3.opendata("verify", DATASET, "--all").code == 0
    proven = s3.opendata("proof", "verify", DATASET)
    assert proven.code == 0, proven.out

    back = s3.opendata("rollback", DATASET, "--reason", "a clinic was counted twice")
    assert back.code == 0, back.err
    assert {k: v for k, v in place.tree().items() if second not in k} == before, "data, pointer and catalog"
    row = next(r for r in s3.opendata("releases", DATASET, "--json").json()["releases"] if r["release"] == second)
    assert (row["rolled_back"]["reason"], row["rolled_back"]["to"]) == ("a clinic was counted twice", first)
    assert "rolled back" in s3.opendata("releases", DATASET).out

    assert refreshed(s3, 1300) == first, "a refresh does not undo a rollback"
    assert last_reasons(s3)[-1] == ("has_changed", "rolled-back"), "and finds that out before it does any work"
    header, *records = s3.visits(1300).splitlines()
    s3.write_source("\n".join([header, *reversed(records)]) + "\n")
    assert s3.opendata("refresh", DATASET).code == 0
    assert current(s3) == first, "nor by the same figures from another source"
    assert ("stage", "rolled-back") in last_reasons(s3)

    third = refreshed(s3, 1400)
    assert third not in (first, second)
    told = json.loads((s3.folder / "evidence" / DATASET / third / "proof.json").read_text())
    assert set(told["earlier"]) == {first, second}, "what was public once is remembered"

    restored = s3.opendata("rollback", DATASET, "--to", second)
    assert restored.code == 0, restored.err
    assert current(s3) == second
    assert s3.opendata("rollback", DATASET, "--to", third).code == 0
    pruned = s3.opendata("prune", DATASET, "--keep", "1", "--json")
    assert set(pruned.json()["removed"]) == {first, second}
    assert s3.opendata("verify", DATASET, "--all").code == 0
    assert not [key for key in place.listed() if first in key or second in key]

    secret = place.server.writer.secret_key
    kept = [path for path in s3.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if secret.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_bucket_whose_releases_nobody_remembers_is_read_back(s3, place):
    first = refreshed(s3, 1200)
    (s3.folder / "ledger.sqlite").unlink()
    for path in sorted((s3.folder / "evidence").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    second = refreshed(s3, 1300)
    told = json.loads((s3.folder / "evidence" / DATASET / second / "proof.json").read_text())
    assert told["earlier"] == [first]


@pytest.mark.slow
def test_a_network_that_breaks_while_staging_is_told_by_the_ledger_and_the_next_refresh_ends_well(
    s3, place, monkeypatch
):
    with faulty_network(place.server.endpoint) as network, monkeypatch.context() as broken:
        broken.setenv("AWS_ENDPOINT_URL_S3", network.endpoint)
        broken.setenv("AWS_MAX_ATTEMPTS", "2")
        network.cut_after, network.heals = 40_000, False
        stopped = s3.opendata("refresh", DATASET)
    assert stopped.code == EXIT_UNFORESEEN
    assert "cannot be reached" in stopped.err
    assert network.sent > 40_000, "it broke in the middle of it"
    told = s3.opendata("show", DATASET, "--json").json()
    assert (told["last_run"]["outcome"], told["current"]["release"]) == ("failed", None)
    assert told["last_run"]["message"].startswith("stage: ")
    assert s3.releases_in_ledger() == []
    assert [key for key in place.listed() if "/releases/" in key], "a part of it had arrived"
    assert s3.opendata("refresh", DATASET).code == 0
    assert s3.opendata("verify", DATASET).code == 0
    assert s3.releases_in_ledger() == [current(s3)]


def test_the_command_line_shows_how_far_long_copies_are_and_each_line_once(s3, monkeypatch):
    from include.opendata import progress
    from include.opendata.staging import progress as copying

    monkeypatch.setattr(copying, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    told = s3.opendata("refresh", DATASET)
    assert told.code == 0, told.err
    lines = [line for line in told.err.splitlines() if line.startswith(f"    staging {DATASET}: ")]
    assert any("(100 %)" in line for line in lines)
    assert not [line for line in told.err.splitlines() if line.strip() == lines[0].strip() and line != lines[0]]


def test_faults_end_in_words_and_in_the_documented_exit_code(s3, place, monkeypatch):
    place.publish("r1", None, dataset=DATASET)
    assert s3.opendata("verify", DATASET).code == 0
    assert place.address in s3.opendata("summary", DATASET).out
    place.write(f"{DATASET}/releases/r1/data/by_group.csv", b"x")
    found = s3.opendata("verify", DATASET, "--json")
    assert found.code == EXIT_REFUSED
    assert [d["slug"] for d in found.json()["releases"][0]["drift"]] == ["changed"]
    with monkeypatch.context() as wrong:
        wrong.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
        for command in (["refresh"], ["verify"], ["rollback"], ["releases"], ["prune", "--keep", "1"]):
            answer = s3.opendata(command[0], DATASET, *command[1:])
            assert answer.code == EXIT_BAD_INPUT
            assert "does not accept the credentials" in answer.err
            assert "not-the-secret" not in answer.out + answer.err
    missing = s3.opendata("refresh", DATASET, "--staging", "s3://no-such-bucket/x")
    assert (missing.code, "no bucket no-such-bucket" in missing.err) == (EXIT_BAD_INPUT, True)
    assert s3.opendata("verify", "clinic_visits", "--staging", f"{place.address}/elsewhere").code == EXIT_BAD_INPUT
