"""The identifier scan gives the same findings on PostgreSQL as on the embedded warehouse: one code path."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
import sqlalchemy as sa

from include.opendata.identifiers import scan_source
from include.opendata.warehouse import Warehouse
from tests.lib.personal_records import declared, luhn
from tests.lib.small_tables import warehouse_of
from tests.unit.identifiers.test_value_forms import CASES

pytestmark = pytest.mark.slow


def test_every_form_is_counted_alike(postgresql_address, tmp_path):
    texts: dict[str, list[str]] = {}
    for kind, _, values, right in CASES:
        texts.setdefault(f"{kind.replace('-', '_')}_{'right' if right else 'wrong'}", []).extend(values)
    length = max(len(values) for values in texts.values())
    frame = pd.DataFrame({name: values + [None] * (length - len(values)) for name, values in texts.items()})
    frame["reference"] = [int(luhn(f"41111111111{n:04d}")) for n in range(length)]
    frame["amount"] = [n * 1.5 for n in range(length)]
    frame["seen"] = [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(length)]
    types = {"reference": "integer", "amount": "number", "seen": "date"}
    dataset = declared({name: {"type": types.get(name, "text"), "privacy": "public"} for name in frame})
    engine = sa.create_engine(postgresql_address)
    try:
        frame.to_sql("identifier_records", engine, index=False, dtype={"seen": sa.Date()})
        there = scan_source(dataset, Warehouse(engine, "identifier_records"))
    finally:
        engine.dispose()
    with warehouse_of(frame, tmp_path) as warehouse:
        here = scan_source(dataset, warehouse)
    assert there == here
    assert {f.kind for f in here.findings} >= {
        "social-security-number",
        "account-number",
        "full-date",
        "vehicle-number",
    }
