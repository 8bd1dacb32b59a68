"""The same statements on a real PostgreSQL: data tables come out the same as on DuckDB, and the ledger lives there."""

import threading
import time

import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from include.opendata import places
from include.opendata.declaration.load import load
from include.opendata.errors import StorageError
from include.opendata.ledger import Decision, open_ledger
from include.opendata.sources import extract
from include.opendata.tables import control_totals, tabulate
from include.opendata.warehouse import Warehouse, open_snapshot

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["homicides_by_county", "health_insurance_coverage"])
def dataset(request):
    declared = load(request.param)
    if not (places.ROOT / declared.source.location).is_file():
        from demo.make_sources import main

        main()
    return declared


def test_tables_come_out_the_same_on_both_engines(dataset, postgresql_address, tmp_path):
    snapshot = extract(dataset.source, dataset=dataset.dataset, location=None, into=tmp_path)
    engine = sa.create_engine(postgresql_address)
    pd.read_parquet(snapshot.parquet).to_sql(dataset.dataset, engine, index=False, if_exists="replace")
    there = Warehouse(engine, dataset.dataset)
    control_totals(dataset, there)
    with open_snapshot(snapshot.parquet, dataset=dataset.dataset) as here:
        for declared in dataset.tables:
            on_duckdb = tabulate(dataset, declared.table, here)
            on_postgresql = tabulate(dataset, declared.table, there)
            assert on_duckdb.structure == on_postgresql.structure
            assert_frame_equal(on_duckdb.frame, on_postgresql.frame)
    engine.dispose()


def test_the_ledger_lives_on_postgresql_and_many_may_open_it_at_once(postgresql_address):
    failures: list[Exception] = []

    def work(n: int) -> None:
        try:
            ledger = open_ledger(postgresql_address)
            ledger.start_run("d", f"run-{n}", declaration_sha256="a" * 64, code_version="c")
            ledger.decide("d", f"run-{n}", [Decision("protect", "protected", "hidden", figures={"small": 1})])
        except Exception as error:  # noqa: BLE001 - collected and asserted on
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    ledger = open_ledger(postgresql_address)
    assert len(ledger.runs("d")) == 6
    assert ledger.decisions("d", "run-3")[0].figures == {"small": 1}


def test_a_ledger_out_of_reach_is_said_without_its_password():
    with pytest.raises(StorageError) as failed:
        open_ledger("postgresql+psycopg://user:secret@127.0.0.1:1/none")
    assert "secret" not in str(failed.value)
    assert failed.value.slug == "ledger-unreachable"


def test_tables_of_one_run_may_tell_of_the_same_thing_at_once(postgresql_address):
    open_ledger(postgresql_address).start_run("d", "at-once", declaration_sha256="a" * 64, code_version="c")
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(10):
                open_ledger(postgresql_address).decide("d", "at-once", [Decision("tabulate", "stopped", "why")])
        except Exception as error:  # noqa: BLE001 - collected and asserted on
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(open_ledger(postgresql_address).decisions("d", "at-once")) == 1


def test_a_ledger_that_was_opened_keeps_no_connection_for_itself(postgresql_address):
    watching = sa.create_engine(postgresql_address, poolclass=sa.NullPool)
    others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"

    def connected() -> int:
        with watching.connect() as connection:
            return connection.scalar(sa.text(others))

    before = connected()
    ledgers = [open_ledger(postgresql_address) for _ in range(5)]
    for ledger in ledgers:
        ledger.runs()
    until = time.monotonic() + 5  # a server takes a moment to let go
    while connected() > before and time.monotonic() < until:
        time.sleep(0.05)
    assert connected() <= before
