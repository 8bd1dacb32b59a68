"""What counts as an identifier by its shape, at the edges: numbers never issued, wrong check digits, fictitious numbers."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from include.opendata.rules.identifiers import identifier_rules
from tests.lib.personal_records import luhn, matches

CASES = [
    ("social-security-number", "hyphens", ["001-01-0001", "665-12-3456", "667-12-3456", "899-99-9999"], True),
    ("social-security-number", "hyphens", ["see 123-45-6789.", "123–45–6789", "(123-45-6789)\nnext line"], True),
    ("social-security-number", "hyphens", ["000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000"], False),
    ("social-security-number", "hyphens", ["900-12-3456", "999-49-9999", "999-89-1234", "999-93-1234"], False),
    ("social-security-number", "hyphens", ["1123-45-6789", "123-45-67890", "2020-123-45-6789", "12-345-6789"], False),
    ("social-security-number", "hyphens", ["900-50-1234", "999-70-1234", "999-88-1234"], True),
    ("social-security-number", "spaces or points", ["123 45 6789", "123.45.6789"], True),
    ("social-security-number", "spaces or points", ["666 45 6789", "123 45.6789"], False),
    ("social-security-number", "labelled", ["ssn: 123456789", "Social Security no. 123 45 6789"], True),
    ("social-security-number", "labelled", ["ssn: 000456789", "ssn unknown, 12"], False),
    ("social-security-number", "nine digits", ["123456789", "001010001"], True),
    ("social-security-number", "nine digits", ["000456789", "666456789", "956456789", "123450000", "94203123"], False),
    ("telephone-number", "with separators", ["(916) 445-4171", "916-445-4171", "+1 916.445.4171"], True),
    ("telephone-number", "with separators", ["916-555-0200", "916-555-1212", "916-555-0099"], True),
    ("telephone-number", "with separators", ["916-555-0100", "916-555-0142", "916-555-0199"], False),
    ("telephone-number", "with separators", ["116-445-4171", "016-445-4171", "911-445-4171", "916-145-4171"], False),
    ("telephone-number", "with separators", ["916-411-4171", "2016-445-4171", "916-445-41711", "445-4171"], False),
    ("telephone-number", "spaces", ["916 445 4171", "1 916 445 4171"], True),
    ("telephone-number", "spaces", ["916 555 0142", "116 445 4171"], False),
    ("telephone-number", "international", ["+19164454171", "+442071838750"], True),
    ("telephone-number", "international", ["+19165550142", "+12"], False),
    ("telephone-number", "ten digits", ["9164454171", "19164454171"], True),
    ("telephone-number", "ten digits", ["1164454171", "9165550142", "9164114171", "1234567893"], False),
    ("e-mail-address", "e-mail", ["a.b+c@example.org", "write to a@b.co, please", "A'B@EXAMPLE.CA.GOV"], True),
    ("e-mail-address", "e-mail", ["a@b", "@example.org", "5 @ 3.50", "a@-b.org", "a@b.c"], False),
    ("ip-address", "version 4", ["10.0.0.1", "from 255.255.255.255", "192.168.1.77:8080"], True),
    ("ip-address", "version 4", ["256.1.1.1", "10.0.0", "1.2.3.4.5", "10.0.0.01", "1.300.2.3"], False),
    ("ip-address", "version 6", ["2001:db8::1", "2001:0db8:0000:0000:0000:ff00:0042:8329"], True),
    ("ip-address", "version 6", ["12:30:45", "1:2:3", "a::b::c::d::e::f::1::2"], False),
    ("web-address", "URL", ["https://example.org/x", "see www.example.org"], True),
    ("web-address", "URL", ["www", "http", "https:// "], False),
    ("vehicle-number", "vehicle identification number", ["1M8GDM9AXKP042788", "1hgcm82633a004352"], True),
    ("vehicle-number", "vehicle identification number", ["1M8GDM9A1KP042788", "1HGCM82633A004353"], False),
    ("vehicle-number", "vehicle identification number", ["11111111111111111", "1M8GDM9AXKPO42788"], False),
    ("vehicle-number", "California licence plate", ["7ABC123", "1abc234"], True),
    ("vehicle-number", "California licence plate", ["0ABC123", "ABC1234", "7ABC1234"], False),
    ("licence-number", "national provider identifier", ["1234567893", "1245319599"], True),
    ("licence-number", "national provider identifier", ["1234567890", "1245319590", "3234567893"], False),
    ("licence-number", "DEA number", ["AB1234563", "F91234563"], True),
    ("licence-number", "DEA number", ["AB1234564", "A1234563"], False),
    ("licence-number", "California driver licence", ["A1234567"], True),
    ("licence-number", "California driver licence", ["A123456", "12345678", "A12345678"], False),
    (
        "account-number",
        "card with separators",
        ["4111 1111 1111 1111", "5500-0000-0000-0004", "3782 822463 10005"],
        True,
    ),
    ("account-number", "card with separators", ["4111 1111 1111 1112", "1111 1111 1111 1117"], False),
    ("account-number", "card", ["4111111111111111", "378282246310005"], True),
    ("account-number", "card", ["4111111111111112", "378282246310006", "411111111111111"], False),
    ("account-number", "labelled", ["Account no. 0012345", "acct #123456"], True),
    ("account-number", "labelled", ["on account of 12345", "acct #1234"], False),
    ("device-number", "IMEI", ["490154203237518"], True),
    ("device-number", "IMEI", ["490154203237517", "49015420323751"], False),
    ("device-number", "MAC address", ["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E"], True),
    ("device-number", "MAC address", ["00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5g", "00:1a-2b:3c:4d:5e"], False),
    ("health-plan-number", "Medi-Cal client index number", ["91234567A", "cin 91234567a1"], True),
    ("health-plan-number", "Medi-Cal client index number", ["81234567A", "9123456A", "91234567AB"], False),
    ("health-plan-number", "Medicare beneficiary identifier", ["1EG4-TE5-MK73", "1EG4TE5MK73"], True),
    ("health-plan-number", "Medicare beneficiary identifier", ["0EG4TE5MK73", "1SG4TE5MK73", "1EG4TE5MKAB"], False),
    ("health-plan-number", "former Medicare claim number", ["123-45-6789A", "123456789B6"], True),
    ("health-plan-number", "former Medicare claim number", ["000-45-6789A", "123456789"], False),
    ("medical-record-number", "labelled", ["MRN 0012345", "medical record #A123456"], True),
    ("medical-record-number", "labelled", ["MRN 123", "record of 12345 persons"], False),
    ("street-address", "number and street", ["1600 Ninth Street", "12 N. Main St, Apt 4", "714 P ST"], True),
    ("street-address", "number and street", ["Ninth Street", "5 Years in Court", "Highway 50", "2 or 3 Way"], False),
    ("street-address", "post office box", ["P.O. Box 942732", "po box 12"], True),
    ("street-address", "post office box", ["box 12", "lunch box"], False),
    ("unique-code", "universally unique identifier", ["123e4567-e89b-12d3-a456-426614174000"], True),
    ("unique-code", "universally unique identifier", ["123e4567-e89b-12d3-a456-42661417400"], False),
    ("full-date", "year, month, day", ["1980-02-29", "2024/1/5", "2024-01-05T10:00:00"], True),
    ("full-date", "year, month, day", ["2024-13-05", "2024-01", "2024", "2024-01-32"], False),
    ("full-date", "month, day, year", ["2/29/1980", "02-29-1980", "2/29/80"], True),
    ("full-date", "month, day, year", ["13/29/1980", "2.3.4", "1/2", "1-2-34"], False),
    ("full-date", "day and name of month", ["05JAN1980", "January 5, 1980", "5 Jan 80"], True),
    ("full-date", "day and name of month", ["January 1980", "Jan", "32 Jan 1980"], False),
    ("full-date", "eight digits", ["19800229", "20241231"], True),
    ("full-date", "eight digits", ["19801329", "18000101", "2024123"], False),
    ("age-over-89", "years", ["90", "91", "104", "90–94", "95+", "100 and over"], True),
    ("age-over-89", "years", ["89", "9", "90+", "90 and over", "85–89", "900", "1990"], False),
    ("age-over-89", "years in words", ["a 92-year-old", "90 yrs", "101 y/o man"], True),
    ("age-over-89", "years in words", ["an 89-year-old", "190 years", "90 min"], False),
    ("name", "last name, first name", ["Smith, John", "García, María L.", "O'BRIEN, MARY"], True),
    ("name", "last name, first name", ["Jackson, Mississippi", "Smith", "Health Center, Mary"], False),
    ("name", "first name last name", ["John Smith", "Mary A. Jones-Lee", "Dr. José Ruiz"], True),
    ("name", "first name last name", ["San Diego", "Mary Hospital", "Santa Clara", "John"], False),
    ("name", "first name", ["JOHN", "maria", "José"], True),
    ("name", "first name", ["Alameda", "Virginia", "April"], False),
    ("photograph", "image file", ["face.jpg", "/x/y.PNG"], True),
    ("photograph", "image file", ["face.txt", "jpg"], False),
]


@pytest.mark.parametrize(
    ("kind", "form", "values", "right"),
    CASES,
    ids=lambda value: value if isinstance(value, str) else str(value)[:20],
)
def test_a_form_fits_what_it_should_and_nothing_beside(kind, form, values, right):
    assert matches(kind, form, values).rows == (len(values) if right else 0)


def test_every_form_has_its_examples():
    forms = {(k.slug, f.form) for k in identifier_rules().kinds for f in k.forms if "text" in f.of}
    assert {(kind, form) for kind, form, _, right in CASES if right} == forms
    assert {(kind, form) for kind, form, _, right in CASES if not right} == forms


def test_a_date_with_a_day_is_finer_than_a_year_but_the_turn_of_a_year_is_not():
    dates = [dt.date(1980, 1, 1), dt.date(1980, 12, 31), dt.date(1980, 12, 30), dt.date(1981, 5, 1), None]
    assert matches("full-date", "date", dates, "date").rows == 2


def test_numbers_are_compared_as_their_digits():
    assert matches("social-security-number", "nine digits as a number", [123456789, 666456789], "integer").rows == 1
    assert matches("social-security-number", "nine digits as a number", [123456789.0, 123456789.5], "number").rows == 1
    huge = [float("nan"), 1e300, -5.0, 9164454171.0]
    assert matches("telephone-number", "ten digits as a number", huge, "number").rows == 1


def test_luhn_agrees_with_working_it_out_on_paper():
    draw = random.Random(1)
    right = [luhn("4" + "".join(draw.choices("0123456789", k=14))) for _ in range(300)]
    wrong = [n[:-1] + str((int(n[-1]) + draw.randint(1, 9)) % 10) for n in right]
    assert matches("account-number", "card", right).rows == 300
    assert matches("account-number", "card", wrong).rows == 0


def test_a_provider_number_is_a_luhn_number_after_80840():
    draw = random.Random(2)
    right = [luhn("808401" + "".join(draw.choices("0123456789", k=8)))[5:] for _ in range(300)]
    wrong = [n[:-1] + str((int(n[-1]) + draw.randint(1, 9)) % 10) for n in right]
    assert matches("licence-number", "national provider identifier", right).rows == 300
    assert matches("licence-number", "national provider identifier", wrong).rows == 0


def test_equal_values_count_once_for_each_row_that_has_them():
    match = matches("e-mail-address", "e-mail", ["a@example.org"] * 7 + ["nobody"])
    assert (match.rows, match.distinct) == (7, 1)
