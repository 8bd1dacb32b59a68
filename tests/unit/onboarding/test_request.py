"""What a person says of a new source: everything wrong with it is told at once, and nothing secret is taken."""

from __future__ import annotations

import pytest

from include.opendata.errors import DeclarationError
from include.opendata.onboarding.request import request_from
from tests.lib.onboarding_sources import REQUEST


def refused(**changed):
    with pytest.raises(DeclarationError) as error:
        request_from({"source": "visits.csv", **REQUEST, **changed})
    return error.value


def test_an_empty_request_names_everything_it_needs():
    with pytest.raises(DeclarationError) as error:
        request_from({"title": ""})
    needed = {detail.partition(":")[0] for detail in error.value.details}
    assert needed == {"source", *REQUEST}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"topic": "Health care"}, "did you mean 'Health Care'?"),
        ({"frequency": "anually"}, "did you mean 'annually'?"),
        ({"steward_email": "nobody"}, "an e-mail address is needed"),
        ({"dataset": "Clinic Visits"}, "small letters, digits and underscores"),
        ({"columns": "county"}, "a list of at most 6"),
        ({"columns": list("abcdefg")}, "a list of at most 6"),
        ({"stewart_name": "A steward"}, "did you mean 'steward_name'?"),
        ({"department": 7}, "text is needed"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(changed, said):
    assert said in str(refused(**changed))


@pytest.mark.parametrize(
    "source",
    [
        "https://reader:hunter2@example.org/visits.csv",
        "https://example.org/visits.csv?sig=hunter2",
        "https://example.org/v?a=1&token=hunter2",
    ],
)
def test_a_location_that_holds_a_key_is_refused_without_repeating_it(source):
    error = refused(source=source)
    assert error.slug == "source-secret"
    assert "hunter2" not in str(error)


def test_a_column_that_matters_is_named_once():
    assert "county" in str(refused(columns=["county", "county"]))


def test_a_dataset_that_exists_is_not_drafted_again():
    assert refused(dataset="homicides_by_county").slug == "dataset-exists"


@pytest.mark.parametrize(
    ("fields", "id"),
    [
        ({"source": "/data/Clinic Visits 2020.csv.gz"}, "clinic_visits_2020"),
        ({"source": "s3://bucket/2020.parquet"}, "dataset_2020"),
        ({"source": "visits.csv", "title": "Visits – by county"}, "visits_by_county"),
        ({"source": "visits.csv", "dataset": "mine_alone"}, "mine_alone"),
    ],
)
def test_the_id_is_made_of_what_there_is(fields, id):
    assert request_from({**REQUEST, **fields}).id == id
