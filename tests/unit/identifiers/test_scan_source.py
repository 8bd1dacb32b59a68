"""Which columns of a source are refused, answered, noted or left alone."""

from __future__ import annotations

import datetime as dt
import json
import random
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from demo import make_sources
from include.opendata.declaration.load import load
from include.opendata.errors import EXIT_REFUSED, Refused
from include.opendata.identifiers import require_not_personal, scan_source
from include.opendata.sources import extract
from include.opendata.warehouse import open_snapshot
from tests.lib.personal_records import declared, found, luhn, scan
from tests.lib.small_tables import dimension, measure, table, warehouse_of

SSN = "123-45-6789"


def notes(*, planted: str, among: int = 10_000) -> list[str]:
    texts = [f"visit {n % 97} on ward {n % 7}" for n in range(among)]
    texts[among // 3] = planted
    return texts


def test_one_social_security_number_among_ten_thousand_rows_is_found():
    result = scan({"remarks": notes(planted=f"called {SSN} today")})
    (finding,) = [f for f in result.findings if f.kind == "social-security-number"]
    assert (finding.column, finding.by, finding.rows, finding.share, finding.severity) == (
        "remarks",
        "values",
        1,
        0.0001,
        "refuse",
    )


def test_the_refusal_names_dataset_column_kind_rows_and_the_ways_out_and_no_value():
    result = scan({"remarks": notes(planted=f"called {SSN} today")})
    with pytest.raises(Refused) as refused:
        require_not_personal(result)
    said = str(refused.value)
    assert (refused.value.slug, refused.value.exit_code) == ("looks-personal", EXIT_REFUSED)
    assert refused.value.place.dataset == result.dataset
    for part in (
        "remarks",
        "social security number",
        "1 of 10,000",
        "privacy",
        "drop the column",
        "not_personal_because",
    ):
        assert part in said
    assert SSN not in said
    assert "called" not in said


def test_no_value_is_in_the_findings_kept():
    kept = json.dumps(scan({"remarks": notes(planted=f"called {SSN} today")}).to_json())
    assert SSN not in kept
    assert "ward" not in kept


def test_a_reason_answers_the_alarm_and_is_kept():
    reason = "Numbers of test cases, not of persons."
    result = scan({"remarks": notes(planted=SSN)}, remarks={"not_personal_because": reason})
    assert [f.severity for f in result.findings] == ["answered"]
    assert result.reasons == {"remarks": reason}
    assert "Numbers of test cases" in result.conclusion
    require_not_personal(result)


def test_what_stays_in_the_work_area_is_noted_and_refuses_nothing():
    result = scan({"remarks": notes(planted=SSN)}, remarks={"privacy": "sensitive"})
    assert [f.severity for f in result.findings] == ["note"]
    require_not_personal(result)


def test_a_declared_direct_identifier_is_known_and_raises_no_alarm():
    assert found({"ssn": [SSN] * 9}, ssn={"privacy": "direct_identifier"}) == set()


def test_a_declared_direct_identifier_that_a_measure_shows_is_refused_whatever_the_reason():
    tables = table(
        [dimension("Group", labels={"1": "A"})], [measure(), measure("Total", "mean", column="number", base="Persons")]
    )
    facts = {"privacy": "direct_identifier", "not_personal_because": "A reason."}
    assert found({"number": [1, 2, 3]}, tables, number=facts) == {("number", "direct-identifier", "refuse")}


def test_counting_persons_by_their_number_shows_no_number():
    tables = table([dimension("Group", labels={"1": "A"})], [measure("Persons", "count_distinct", column="ssn")])
    assert found({"ssn": [SSN] * 9}, tables, ssn={"privacy": "direct_identifier"}) == set()


def test_an_identifier_shown_by_a_dimension_is_refused_however_it_is_declared():
    tables = table([dimension("Mail", "mail")])
    assert found({"mail": ["a@example.org", "b"]}, tables, mail={"privacy": "sensitive"}) == {
        ("mail", "e-mail-address", "refuse")
    }


def test_ages_over_89_become_harmless_in_a_group_and_not_as_they_are():
    group = table(
        [dimension("Age_Group", "age", bins=[{"from": 0, "to": 89, "label": "0-89"}, {"from": 90, "label": "90+"}])]
    )
    as_is = table([dimension("Age", "age")])
    facts = {"privacy": "indirect_identifier"}
    assert found({"age": [20, 95]}, group, age=facts) == {("age", "age-over-89", "note")}
    assert found({"age": [20, 95]}, as_is, age=facts) == {("age", "age-over-89", "refuse")}
    assert found({"age": [20, 89]}, as_is, age=facts) == set()
    assert found({"age": [20, 95]}) == {("age", "age-over-89", "refuse")}


def test_a_number_over_89_is_an_age_only_in_a_column_of_ages():
    assert found({"score": [20, 95], "age_adjusted_rate": [95.0, 101.0]}) == set()


def days(*, record: str, privacy: str, name: str = "seen") -> set:
    frame = pd.DataFrame({"group": [1, 1], name: [dt.date(2020, 3, 5), dt.date(2020, 1, 1)]})
    columns = {"group": {"type": "integer", "privacy": "public"}, name: {"type": "date", "privacy": privacy}}
    tables = table([dimension("Year", name, period="year", scores_as="time")])
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        result = scan_source(declared(columns, tables, record=record), warehouse)
    return {(f.kind, f.by, f.rows, f.severity) for f in result.findings}


def test_a_date_of_a_persons_record_is_no_public_column_but_its_year_may_be_shown():
    assert days(record="event", privacy="public") == {("full-date", "values", 1, "refuse")}
    assert days(record="event", privacy="indirect_identifier") == {("full-date", "values", 1, "note")}


def test_the_dates_of_added_up_figures_are_no_ones_unless_they_are_named_so():
    assert days(record="aggregate", privacy="public") == set()
    assert days(record="aggregate", privacy="public", name="birth_date") == {("full-date", "name", 2, "refuse")}


def test_days_that_the_score_weighs_as_time_are_left_to_the_score():
    weeks = {"week": ["2020-03-02", "2020-03-09"]}
    facts = {"privacy": "indirect_identifier"}
    by_week = table([dimension("Week", "week", scores_as="time")])
    assert found(weeks, by_week, week=facts) == {("week", "full-date", "note")}
    assert found(weeks, table([dimension("Week", "week")]), week=facts) == {("week", "full-date", "refuse")}


def test_a_public_column_that_tells_persons_apart_is_a_code_of_theirs():
    values = {"number": list(range(100, 200))}
    assert found(values) == {("number", "unique-code", "refuse")}
    assert found(values, record="aggregate") == set()
    assert found({"number": list(range(100, 149))}) == set()
    assert found({"number": list(range(50)) * 2}) == set()


def test_exact_amounts_of_events_that_are_added_up_are_no_codes():
    amounts = table(
        [dimension("Group", labels={"1": "A"})],
        [measure(), measure("Paid", "sum", column="paid", of="amount", base="Persons")],
    )
    facts = {"privacy": "sensitive"}
    assert found({"paid": list(range(100, 200))}, amounts, paid=facts) == set()


def test_bare_digits_alarm_by_their_share():
    draw = random.Random(3)
    numbers = [f"{draw.randint(1, 665):03d}{draw.randint(1, 99):02d}{draw.randint(1, 9999):04d}" for _ in range(5)]
    few = [*numbers[:4], *["a"] * 96]
    enough = [*numbers, *["a"] * 95]
    assert found({"reference": few}) == set()
    assert found({"reference": enough}) == {("reference", "social-security-number", "refuse")}


def test_amounts_of_one_magnitude_are_no_social_security_numbers():
    draw = random.Random(4)
    population = [226_540_123 + 2_123_457 * n for n in range(49)]
    numbers = [draw.randint(1, 665) * 10**6 + draw.randint(1, 99) * 10**4 + draw.randint(1, 9999) for _ in range(300)]
    assert found({"people": population}, record="aggregate") == set()
    assert found({"reference": numbers}, record="aggregate") == {("reference", "social-security-number", "refuse")}


def test_card_numbers_alarm_from_a_share_that_chance_does_not_reach():
    draw = random.Random(5)
    by_chance = ["4" + "".join(draw.choices("0123456789", k=15)) for _ in range(300)]
    cards = [luhn(number[:-1]) for number in by_chance]
    assert found({"reference": by_chance}, record="aggregate") == set()
    assert found({"reference": cards}, record="aggregate") == {("reference", "account-number", "refuse")}


def test_first_names_need_several_names():
    assert found({"answer": ["grace"] * 40}, record="aggregate") == set()
    assert found({"answer": ["Grace", "Ruth", "Omar", "Luis", "Amy", "?"] * 9}, record="aggregate") == {
        ("answer", "name", "refuse")
    }


def test_a_column_named_like_an_identifier_is_refused_with_nothing_in_it():
    result = scan(
        {"patient_phone": pd.Series([None, None], dtype="str").tolist(), "phone": ["x", "y"]},
        patient_phone={"type": "text"},
    )
    assert {(f.column, f.by, f.rows, f.share) for f in result.findings} == {
        ("patient_phone", "name", 0, 0.0),
        ("phone", "name", 2, 1.0),
    }


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("health_insurance_coverage", make_sources.health_insurance),
        ("homicides_by_county", make_sources.county_murders),
    ],
)
def test_the_shipped_datasets_do_not_alarm(name, make, tmp_path):
    path = tmp_path / "source.csv"
    path.write_text(make(), encoding="utf-8", newline="")
    dataset = load(name)
    snapshot = extract(dataset.source, dataset=name, location=str(path), into=tmp_path / "snapshot")
    with open_snapshot(snapshot.parquet, dataset=name) as warehouse:
        result = scan_source(dataset, warehouse)
    assert result.passed
    assert [f.column for f in result.findings if f.severity != "note"] == []
    assert {(f.column, f.kind) for f in result.of("note")} <= {("rownames", "unique-code")}
