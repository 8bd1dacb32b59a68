"""What a column's name gives away, and which names only sound like it."""

from __future__ import annotations

import pytest

from include.opendata.rules.identifiers import identifier_rules, words_of


def kinds(column: str, *, individuals: bool = False) -> list[str]:
    return [kind.slug for kind in identifier_rules().named_kinds(column, individuals=individuals)]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("PatientLastName", "patient last name"),
        ("patient_last_name", "patient last name"),
        ("IPAddress", "ip address"),
        ("SSN4", "ssn 4"),
        (" Date-of.Birth ", "date of birth"),
    ],
)
def test_a_name_is_read_word_by_word(column, words):
    assert words_of(column) == words


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("name", ["LastName", "first_name", "MothersMaidenName", "patient_name", "surname"]),
        ("street-address", ["HomeAddress", "address", "Address2", "street", "PO Box"]),
        ("coordinates", ["home_latitude", "patient_geocode"]),
        ("full-date", ["DOB", "birth_date", "DateOfBirth", "date_of_death"]),
        ("telephone-number", ["phone", "Telephone", "phone_number", "home_phone2", "FaxNo", "cell_phone_number"]),
        ("e-mail-address", ["email", "E-Mail", "contact_email_address"]),
        ("social-security-number", ["SSN", "ssn_last4", "SocialSecurityNumber", "social_security_no", "itin"]),
        ("medical-record-number", ["MRN", "medical_record_number", "PatientID"]),
        ("health-plan-number", ["CIN", "member_id", "MediCalID", "MBI", "policy_number"]),
        ("account-number", ["account_number", "BankAcctNo", "credit_card"]),
        ("licence-number", ["drivers_license", "LicenseNumber", "npi", "passport_number"]),
        ("vehicle-number", ["VIN", "license_plate", "vehicle_id"]),
        ("device-number", ["device_id", "serial_number", "IMEI", "mac_address"]),
        ("ip-address", ["ip_address", "client_ip", "IPv4"]),
        ("biometric", ["fingerprint", "voice_print", "iris_scan"]),
        ("photograph", ["photo", "mug_shot", "face_image"]),
        ("unique-code", ["person_id", "client_key", "household_id", "username"]),
    ],
)
def test_a_column_is_known_by_its_name(kind, columns):
    assert [column for column in columns if kind not in kinds(column)] == []


def test_some_names_say_something_only_where_records_are_of_persons():
    for column, kind in [("name", "name"), ("url", "web-address"), ("latitude", "coordinates")]:
        assert kinds(column, individuals=True) == [kind]
        assert kinds(column) == []


@pytest.mark.parametrize(
    "column",
    """County County_FIPS countyfips county_name Year year popul Rate_per_100000 Population Persons Age_Group Percent
    Hospital_Name facility_name program_name phone_type Phone_Visits has_email email_count ssn_flag percent_with_phone
    ICD10_Code Language Coverage Average_Wage zip ZIP license_type License_Status account_type address_type
    number_of_patient_ids Region Sex Ethnicity rownames ship_count description
    vehicle_count device_type age murdrate arrests admission_source
    birth_year Births Deaths""".split(),  # noqa: SIM905 - a list of words reads best as words
)
def test_the_names_of_ordinary_columns_say_nothing(column):
    assert kinds(column) == []
