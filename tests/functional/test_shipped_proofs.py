"""The shipped datasets are proven: every blank by two whole tables that fit what is published."""

import pytest

from demo import make_sources
from include.opendata.declaration.light import declared_ids


@pytest.mark.slow
@pytest.mark.parametrize("dataset", declared_ids())
def test_every_blank_of_a_shipped_dataset_is_proven(dataset, installation, monkeypatch):
    make_sources.main()
    monkeypatch.delenv("OPENDATA_DATASETS")
    monkeypatch.delenv("OPENDATA_EXPECTATIONS")
    answer = installation.opendata("refresh", dataset)
    assert answer.code == 0, answer.err
    report = installation.opendata("proof", "verify", dataset, "--json").json()
    assert report["proven"], report["problems"]
    assert report["blanks"] == report["by_witnesses"] > 0
