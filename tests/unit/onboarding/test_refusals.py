"""A source no table can be made of, and a bundle that is there, are refused with a slug for programs."""

from __future__ import annotations

import pytest

from include.opendata.errors import DeclarationError, OpendataError
from include.opendata.onboarding import reading
from include.opendata.onboarding.place import refuse_to_write_over
from include.opendata.onboarding.request import request_from
from tests.lib.onboarding_sources import REQUEST, write


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
