"""A source no table can be made of, and a bundle that is there, are refused with a slug for programs."""

from __future__ import annotations

import pytest

from include.opendata.errors import DeclarationError, OpendataError
from include.opendata.onboarding import reading
from include.opendata.onboarding.onboard import onboard
from include.opendata.onboarding.place import refuse_to_write_over
from include.opendata.onboarding.request import request_from
from tests.lib.onboarding_sources import REQUEST, TODAY, cases_by_county, patients, write


def test_a_bundle_that_is_there_is_not_written_over(tmp_path):
    assert refuse_to_write_over(tmp_path, "visits") == tmp_path / "visits"
    (tmp_path / "visits").mkdir()
    with pytest.raises(DeclarationError) as refused:
        refuse_to_write_over(tmp_path, "visits")
    assert refused.value.slug == "bundle-exists"


def test_a_file_with_too_many_columns_is_refused(tmp_path):
    many = reading.MOST_COLUMNS + 1
    header, line = ",".join(f"c{n}" for n in range(many)), ",".join("1" for _ in range(many))
    with pytest.raises(OpendataError) as refused:
        reading.read_source(str(write(tmp_path, f"{header}\n{line}\n")), dataset="visits", into=tmp_path / "area")
    assert refused.value.slug == "source-too-wide"


@pytest.mark.parametrize("wrong", [{"topic": "Nothing"}, {"columns": ["sex", "sex"]}, {"steward_email": "nobody"}])
def test_a_request_with_a_slip_is_refused(wrong):
    with pytest.raises(DeclarationError) as refused:
        request_from({"source": "visits.csv", **REQUEST, **wrong})
    assert refused.value.slug == "request-invalid"


@pytest.mark.parametrize(
    ("text", "columns", "slug"),
    [
        (patients(300), ["clinik"], "column-unknown"),
        (patients(300), ["last_name"], "column-not-usable"),
        (cases_by_county(), ["sex", "sexx"], "column-unknown"),
        ("number,name\n" + "".join(f"{n},Person number {n}\n" for n in range(400)), [], "source-no-dimension"),
        (
            "year,sex,cases\n" + "".join(f'{y},{s},"1,{y % 1000:03}"\n' for y in range(2000, 2020) for s in "fm"),
            [],
            "source-no-count",
        ),
    ],
)
def test_a_source_no_table_can_be_made_of_is_refused(tmp_path, monkeypatch, text, columns, slug):
    for name in ("WORK", "DATASETS", "LEDGER"):
        monkeypatch.setenv(f"OPENDATA_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    request = {"source": str(write(tmp_path, text)), **REQUEST, "dataset": "clinic_visits", "columns": columns}
    with pytest.raises(OpendataError) as refused:
        onboard(request, out=str(tmp_path / "out"), as_of=TODAY)
    assert refused.value.slug == slug
    assert not (tmp_path / "out").exists()
