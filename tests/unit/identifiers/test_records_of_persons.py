"""Records of persons are one of each; where what identifies a person is in several, the declaration must say what they are."""

from __future__ import annotations

import pandas as pd
import pytest

from include.opendata.errors import Refused
from include.opendata.identifiers import require_one_record_each
from tests.lib.small_tables import dataset, dimension, table, warehouse_of

REGION = table([dimension("Region")])


def check(tmp_path, records: dict[str, list], privacy: str = "direct_identifier", **source) -> None:
    columns = {name: {"type": "text", "privacy": privacy} for name in records if name != "region"}
    declared = dataset({"region": "text", **columns}, REGION, **source)
    with warehouse_of(pd.DataFrame(records), tmp_path) as warehouse:
        require_one_record_each(declared, warehouse)


REPEATED = {"region": ["N", "N", "S", "S"], "client": ["secret", "secret", "c", None], "phone": ["1", "2", "3", "4"]}


def test_records_that_share_a_direct_identifier_are_refused_with_the_number_of_rows(tmp_path):
    with pytest.raises(Refused) as refused:
        check(tmp_path, REPEATED)
    assert refused.value.slug == "persons-repeat"
    assert refused.value.place is not None
    assert refused.value.place.column == "client"
    assert refused.value.details == ("column client, a direct identifier: 2 records share its value with another",)
    assert "persons: client" in str(refused.value.remedy)
    assert "secret" not in str(refused.value)


def test_every_repeated_identifier_is_named(tmp_path):
    with pytest.raises(Refused) as refused:
        check(tmp_path, {**REPEATED, "phone": ["1", "1", "1", "4"]})
    assert [detail.split(",")[0] for detail in refused.value.details] == ["column client", "column phone"]


def test_the_declaration_answers_that_different_persons_share_it(tmp_path):
    check(tmp_path, REPEATED, records_per_person="one")


def test_identifiers_that_differ_or_are_blank_are_one_record_each(tmp_path):
    check(tmp_path, {"region": ["N", "N", "S"], "client": ["a", None, None]})


def test_events_and_what_is_no_direct_identifier_are_not_looked_at(tmp_path):
    check(tmp_path, REPEATED, record="event")
    check(tmp_path, REPEATED, privacy="indirect_identifier")
