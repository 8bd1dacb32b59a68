"""What a declared format cannot hold is said when the table's size is known, not after everything else was done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.opendata.errors import Refused
from include.opendata.pipeline.start import start
from include.opendata.release.formats.registry import RELEASE_FORMATS
from tests.lib.run_steps import perform


def test_a_table_with_more_rows_than_a_sheet_is_refused_when_it_is_tabulated(tmp_path, monkeypatch):
    from demo import make_sources

    for variable in ("WORK", "STAGING", "EVIDENCE"):
        monkeypatch.setenv(f"OPENDATA_{variable}", str(tmp_path / variable.lower()))
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    workbook = replace(RELEASE_FORMATS["xlsx"], most_rows=100)
    monkeypatch.setitem(RELEASE_FORMATS, "xlsx", workbook)
    make_sources.main()
    run = start("homicides_by_county", "a-run")
    perform(run, "extract")
    with pytest.raises(Refused) as caught:
        perform(run, "tabulate")
    assert caught.value.slug == "too-many-rows" and "1,003 rows" in caught.value.what
