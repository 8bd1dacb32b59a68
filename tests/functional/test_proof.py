"""A release's proof: kept before the release is visible, settled after, re-checked from staging alone, and in vain forged."""

import hashlib
import io
import json
import stat

import numpy as np
import pytest

from include.opendata.errors import EXIT_AUDIT
from tests.functional.test_refresh import SMALL

DATASET = "clinic_visits"
PLANTED = 7793


def records(elderly_women=4, elderly_men=PLANTED):
    lines = ["id,sex,age"] + [f"{n},{'fm'[n % 2]},{30 + n % 30}" for n in range(1, 2101)]
    last = 2101 + elderly_women
    lines += [f"{n},f,70" for n in range(2101, last)] + [f"{n},m,70" for n in range(last, last + elderly_men)]
    return "\n".join(lines) + "\n"


@pytest.fixture
def staged(installation):
    installation.write_source(records())
    installation.declare(SMALL)
    answer = installation.opendata("refresh", DATASET)
    assert answer.code == 0, answer.err
    return installation


def current(installation):
    return json.loads((installation.staging / DATASET / "current.json").read_text())["release"]


def proof_folder(installation):
    return installation.folder / "evidence" / DATASET / current(installation)


def verified(installation, *more):
    answer = installation.opendata("proof", "verify", DATASET, *more, "--json")
    assert answer.out, answer.err
    return answer.code, answer.json()


def signed_again(folder):
    """Make the proof's own digests fit what was forged, as a careful forger would."""
    told = json.loads((folder / "proof.json").read_bytes())
    told["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in told["files"]}
    (folder / "proof.json").write_text(json.dumps(told))


def forge(folder, name, change):
    with np.load(folder / name) as kept:
        parts = {key: kept[key].copy() for key in kept.files}
    change(parts)
    out = io.BytesIO()
    np.savez_compressed(out, **parts)
    (folder / name).write_bytes(out.getvalue())
    signed_again(folder)


def checked_by_arithmetic(installation):
    """The verdict without the ledger's digest: what adding up alone finds."""
    from include.opendata.disclosure.proof.check import check_proof

    release = current(installation)
    evidence = installation.folder / "evidence" / DATASET
    return check_proof(evidence / release, [release], in_staging(installation), evidence, release=release, known=None)


def in_staging(installation):
    """A file's bytes as they lie in staging, whatever the manifest says of them."""
    return lambda release, path: (installation.staging / DATASET / "releases" / release / path).read_bytes()


def test_a_release_is_proven_from_staging_and_witnesses_alone(staged):
    code, report = verified(staged)
    assert (code, report["proven"], report["problems"]) == (0, True, [])
    assert report["proven"] and report["blanks"] > 1
    assert "proven" in staged.opendata("proof", "verify", DATASET).out

    folder = proof_folder(staged)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()} == {0o600}
    assert not list(folder.parent.glob(".*")), "nothing is left pending"


def test_neither_ledger_nor_evidence_holds_a_true_hidden_count(staged):
    """The planted count stands in the table as a complement of the small one: nobody may read it off."""
    from include.opendata.disclosure.history.published import PublishedTable
    from include.opendata.ledger import open_ledger

    text = next(staged.staging.glob("*/releases/*/data/*.csv")).read_text()
    assert str(PLANTED) not in text, "the planted count is one of the hidden ones"
    (entry,) = open_ledger().published(DATASET)
    table = PublishedTable.from_bytes(entry.published)
    assert table.text == text
    assert str(PLANTED) not in json.dumps(table.described())
    folder = proof_folder(staged)
    for path in folder.rglob("*.json"):
        assert str(PLANTED) not in path.read_text()
    with np.load(folder / "view-0.npz") as kept:
        truth = {(4, PLANTED)}
        witnesses = {tuple(sorted(set(row.tolist()) & {4, PLANTED})) for row in kept["tables"]}
        assert len(kept["tables"]) > 1
        assert not witnesses & truth, "no witness is the true table"


def test_a_changed_figure_in_staging_is_found(staged):
    path = next(staged.staging.glob("*/releases/*/data/*.csv"))
    shown = next(line for line in path.read_text().splitlines()[1:] if line.split(",")[2])
    sex, age, count, code = shown.split(",")
    path.write_text(path.read_text().replace(shown, f"{sex},{age},{int(count) + 1},{code}"))
    ended, report = verified(staged)
    assert (ended, report["proven"]) == (EXIT_AUDIT, False)

    folder = proof_folder(staged)  # and the digest alone is not what finds it
    told = json.loads((folder / "proof.json").read_bytes())
    told["tables"][0]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "proof.json").write_text(json.dumps(told))
    assert any("published files" in problem for problem in checked_by_arithmetic(staged).problems)


@pytest.mark.parametrize("part", ["tables", "equations", "state", "low", "by_bounds"])
def test_a_forged_proof_is_found_by_adding_up_and_by_its_digest(staged, part):
    folder = proof_folder(staged)

    def change(parts):
        if part == "tables":
            parts["tables"][0, 0] += 1
        elif part == "by_bounds":  # pretend that nothing needs a witness
            parts["tables"] = parts["tables"][:0]
        elif part == "equations":
            parts["equations"][:2] = parts["equations"][:2][::-1]
        else:
            parts[part][0] += 1

    assert checked_by_arithmetic(staged).problems == ()
    forge(folder, "view-0.npz", change)
    assert not checked_by_arithmetic(staged).proven
    code, report = verified(staged)
    assert code == EXIT_AUDIT
    assert any("ledger" in problem for problem in report["problems"])


def test_a_proof_that_leaves_a_measure_out_is_no_proof(staged):
    folder = proof_folder(staged)
    told = json.loads((folder / "proof.json").read_bytes())
    told["views"] = []
    (folder / "proof.json").write_text(json.dumps(told))
    assert not checked_by_arithmetic(staged).proven


def test_a_run_killed_between_staging_and_ledger_is_remembered_by_the_next(installation, monkeypatch):
    import include.opendata.pipeline.stage as stage
    from include.opendata.ledger import open_ledger

    installation.write_source(records())
    installation.declare(SMALL)
    with monkeypatch.context() as killed:
        killed.setattr(stage, "record_release", lambda run, ledger: (_ for _ in ()).throw(KeyboardInterrupt))
        assert installation.opendata("refresh", DATASET).code != 0
    assert open_ledger().published(DATASET) == []
    assert list((installation.folder / "evidence" / DATASET).glob(".pending-*"))

    installation.write_source(records(elderly_men=PLANTED + 40))  # the data move on before anybody looked
    answer = installation.opendata("refresh", DATASET)
    assert answer.code == 0, answer.err
    releases = [entry.release for entry in open_ledger().published(DATASET)]
    assert len(releases) == 2 and releases[-1] == current(installation)
    for release in releases:
        assert verified(installation, release)[0] == 0
    assert not list((installation.folder / "evidence" / DATASET).glob(".*"))


def test_changed_code_over_unchanged_data_stages_nothing(staged, monkeypatch):
    import include.opendata.pipeline.start as start

    before = staged.staged()
    monkeypatch.setattr(start, "code_version", lambda: "9.9.9+abcdef")
    answer = staged.opendata("refresh", DATASET, "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["datasets"][0]["outcome"] == "unchanged"
    assert staged.staged() == before


def test_a_release_nobody_remembers_blocks_the_next_one(staged):
    import shutil

    (staged.folder / "ledger.sqlite").unlink()
    shutil.rmtree(staged.folder / "evidence")
    staged.write_source(records(elderly_men=PLANTED + 40))
    again = staged.opendata("refresh", DATASET)
    assert again.code == 0, "the declaration is the same, so the release can be read from its files: " + again.err

    (staged.folder / "ledger.sqlite").unlink()
    shutil.rmtree(staged.folder / "evidence")
    staged.declare(SMALL.replace("label: 65+", "label: 65 and over"))
    answer = staged.opendata("refresh", DATASET)
    assert answer.code == 3 and "evidence store" in answer.err


@pytest.fixture
def regrouped(installation):
    """Two releases: first 40 and over as one group, then 40–64 and 65+, few of whom are women."""
    ages = SMALL.replace("{from: 40, to: 64, label: 40–64}, {from: 65, label: 65+}", "{from: 40, label: 40+}")
    installation.write_source(records(elderly_men=40))
    for declaration in (ages, SMALL.replace("reference: F1", "reference: F2")):  # other groups need other signatures
        installation.declare(declaration)
        answer = installation.opendata("refresh", DATASET)
        assert answer.code == 0, answer.err
    return installation


def test_a_release_that_follows_another_is_proven_together_with_it(regrouped):
    code, report = verified(regrouped)
    assert (code, report["problems"]) == (0, [])
    assert report["views"] == 2, "by itself, and with the groups the first release showed"


def test_a_proof_that_forgets_an_earlier_release_is_no_proof(regrouped):
    from include.opendata.disclosure.proof.check import check_proof

    folder, evidence = proof_folder(regrouped), regrouped.folder / "evidence" / DATASET
    releases = [r["release"] for r in regrouped.opendata("releases", DATASET, "--json").json()["releases"]][::-1]
    read = in_staging(regrouped)
    told = json.loads((folder / "proof.json").read_bytes())
    assert check_proof(folder, releases, read, evidence, release=releases[-1], known=None).proven

    alone = dict(told, views=[view for view in told["views"] if view["base"] == ""])
    (folder / "proof.json").write_text(json.dumps(alone))
    report = check_proof(folder, releases, read, evidence, release=releases[-1], known=None)
    assert "not in the proof" in report.problems[0]

    (folder / "proof.json").write_text(json.dumps(dict(alone, earlier=[])))
    report = check_proof(folder, releases, read, evidence, release=releases[-1], known=None)
    assert "staged before this one" in report.problems[0]

    (folder / "proof.json").write_text(json.dumps(told))
    path = regrouped.staging / DATASET / "releases" / releases[0] / "data" / "visits_by_sex.csv"
    path.write_text(path.read_text().replace("Male", "Men"))
    assert not check_proof(folder, releases, read, evidence, release=releases[-1], known=None).proven
