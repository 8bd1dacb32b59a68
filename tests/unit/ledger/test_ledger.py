import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from include.opendata.errors import SetupError, StorageError
from include.opendata.ledger import Decision, PointerMove, PublishedEntry, ReleaseEntry, open_ledger
from include.opendata.ledger.approvals import answers
from include.opendata.ledger.ledger import HEAD, REVISIONS
from include.opendata.ledger.schema import METADATA


@pytest.fixture
def address(tmp_path):
    return f"sqlite:///{tmp_path / 'deep' / 'ledger.sqlite'}"


def started(ledger, run_id="run-1"):
    ledger.start_run("d", run_id, declaration_sha256="a" * 64, code_version="0.1.0+abc")
    return ledger


def release(name="r1"):
    return ReleaseEntry(
        "d", name, "2026-01-01T00:00:00Z", "staging", "m" * 64, "s" * 64, "a" * 64, "c", None, {"rows": 3}
    )


def test_a_run_is_recorded_from_start_to_end(address):
    ledger = started(open_ledger(address))
    ledger.note_run("d", "run-1", source_sha256="b" * 64)
    ledger.finish_run("d", "run-1", outcome="refused", message="why")
    run = ledger.run("d", "run-1")
    assert (run.outcome, run.message, run.source_sha256) == ("refused", "why", "b" * 64)
    assert run.finished_at is not None


def test_a_run_started_again_keeps_its_row_and_is_running(address):
    ledger = started(open_ledger(address))
    ledger.finish_run("d", "run-1", outcome="failed", message="x")
    started(ledger)
    assert [(r.outcome, r.message) for r in ledger.runs("d")] == [("running", None)]


def test_a_step_run_again_replaces_its_decision(address):
    ledger = started(open_ledger(address))
    ledger.decide("d", "run-1", [Decision("protect", "protected", "first", table="t", figures={"small": 3})])
    ledger.decide("d", "run-1", [Decision("protect", "protected", "second", table="t")])
    assert [d.sentence for d in ledger.decisions("d", "run-1")] == ["second"]


def test_a_decision_of_no_run_is_an_error(address):
    with pytest.raises(KeyError):
        open_ledger(address).decide("d", "nowhere", [Decision("s", "s", "s")])


def test_a_release_is_recorded_once(address):
    ledger = open_ledger(address)
    ledger.record_release(release())
    ledger.record_release(release())
    ledger.record_release(release("r2"))
    assert [r.release for r in ledger.releases("d")] == ["r2", "r1"]


def test_the_ledger_survives_being_closed(address):
    started(open_ledger(address))
    assert open_ledger(address).run("d", "run-1").outcome == "running"


def test_the_newest_migration_is_the_one_the_code_knows(address):
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import include.opendata.ledger.ledger as module

    config = Config()
    config.set_main_option("script_location", module.__file__.replace("ledger.py", "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == HEAD
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_the_migrations_make_exactly_the_tables_of_the_schema(address):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    open_ledger(address)
    with sa.create_engine(address).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_many_tasks_may_open_a_new_ledger_at_once(address):
    failures = []

    def work(n):
        try:
            started(open_ledger(address), f"run-{n}")
        except Exception as error:  # noqa: BLE001 - collected and asserted on
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(open_ledger(address).runs("d")) == 8


def test_a_ledger_that_cannot_be_written_says_where_it_is():
    with pytest.raises(StorageError) as failed:
        open_ledger("sqlite:////proc/no/such/ledger.sqlite")
    assert failed.value.slug == "ledger-unreachable"
    assert "/proc/no/such" in str(failed.value)


@pytest.mark.parametrize(
    "address",
    ["ledger", "postgres://u:sekrit@h/d", "no+such://u:sekrit@h/d", "postgresql+psycopg://u:sekrit@h:notaport/d"],
)
def test_an_address_no_database_has_is_a_matter_of_the_set_up_and_not_repeated(address):
    with pytest.raises(SetupError) as failed:
        open_ledger(address)
    assert failed.value.slug == "ledger-address"
    assert "sekrit" not in str(failed.value)


def test_a_file_that_is_no_database_is_said_to_be_none_that_can_be_read(tmp_path):
    (tmp_path / "l.sqlite").write_text("not a database, and longer than nothing at all")
    with pytest.raises(StorageError) as failed:
        open_ledger(f"sqlite:///{tmp_path / 'l.sqlite'}")
    assert failed.value.slug == "ledger-unreachable"


@pytest.mark.parametrize("revision", ["0001", "0006", "0999", "ledger_0", "ledger_2", "LEDGER_1", "", "f" * 32])
def test_a_ledger_of_a_version_the_code_does_not_know_is_not_touched(address, revision):
    open_ledger(address)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(SetupError) as failed:
        open_ledger(address)
    assert failed.value.slug == "ledger-version-unknown"
    assert repr(revision) in failed.value.what and "move it away" in failed.value.remedy
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == revision


def test_a_ledger_of_the_first_migrations_there_were_is_not_taken_for_a_complete_one(address, tmp_path):
    (tmp_path / "deep").mkdir()
    with sa.create_engine(address).begin() as connection:
        connection.execute(sa.text("CREATE TABLE runs (id INTEGER PRIMARY KEY, dataset TEXT)"))
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('0001')"))
    with pytest.raises(SetupError) as failed:
        open_ledger(address)
    assert failed.value.slug == "ledger-version-unknown"


def spellings(folder):
    """One folder's address as people write it."""
    (folder.parent / "link").symlink_to(folder.parent)
    return [
        str(folder),
        f"{folder}/",
        folder.as_uri(),
        f"file://localhost{folder}/",
        f"{folder.parent}/other/../{folder.name}",
        str(folder.parent / "link" / folder.name),
    ]


def test_what_was_staged_in_a_folder_is_known_whichever_way_the_folder_is_spelled(address, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "staging").mkdir()
    ledger = open_ledger(address)
    for spelling in (addresses := spellings(tmp_path / "staging")):
        ledger.record_release(replace(release(), staging=spelling))
        ledger.record_published([PublishedEntry("d", "r1", spelling, "t", "f" * 64, None, b"x")])
        ledger.pointer_moves.record_publication(PointerMove("d", spelling, "publish", None, "r1", "run-1"))
    assert len(ledger.releases("d")) == len(ledger.published("d")) == 1
    assert [len(ledger.pointer_moves.of("d", spelling)) for spelling in addresses] == [1] * len(addresses)
    assert ledger.pointer_moves.of("d", str(tmp_path / "other")) == []


@pytest.mark.parametrize(
    "other", ["s3://bucket/a/b", "s3://bucket", "s3://other/a", "/a", "file:///a", "file://host/a"]
)
def test_another_bucket_or_folder_is_another_place(address, other):
    ledger = open_ledger(address)
    for staging in ("s3://bucket/a", "s3://bucket/a/", other):
        ledger.record_release(replace(release(), staging=staging))
    assert [entry.staging for entry in ledger.releases("d")] == [other, "s3://bucket/a"]


@pytest.mark.parametrize(
    "read",
    [
        lambda ledger: ledger.runs(),
        lambda ledger: ledger.releases(),
        lambda ledger: ledger.decisions("d", "run-1"),
        lambda ledger: ledger.published("d"),
        lambda ledger: ledger.pointer_moves.of("d", "staging"),
        lambda ledger: ledger.portal_publications.of("d"),
        lambda ledger: answers(ledger),
    ],
)
def test_a_ledger_that_went_away_is_said_to_be_out_of_reach_by_whoever_reads_it(address, read, tmp_path):
    ledger = started(open_ledger(address))
    (tmp_path / "deep").rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError) as failed:
        read(ledger)
    assert failed.value.slug == "ledger-unreachable"
