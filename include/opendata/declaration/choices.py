"""The closed lists a declaration chooses from, as types, so that editors offer them and errors name them.

The meaning of each (points, codes, sentences) is data in ``rules/``; a test keeps the two lists the same.
"""

from __future__ import annotations

from typing import Literal

Topic = Literal[
    "Diseases and Conditions",
    "Facilities and Services",
    "Health Care",
    "Workforce",
    "Environment",
    "Demographics",
    "Resources",
]
"""Portal categories (Handbook, Guidelines §4)."""

Frequency = Literal[
    "other",
    "point in time",
    "daily",
    "weekly",
    "biweekly",
    "monthly",
    "bimonthly",
    "quarterly",
    "annually",
]
"""How often the portal should expect a refresh (the portal's ``accrual_periodicity``)."""

Granularity = Literal[
    "other",
    "statewide",
    "regional",
    "county",
    "medical service study area",
    "zip code",
    "census tract",
    "location point",
]

SourceFormat = Literal["csv", "parquet"]
"""What a source is written in; the registry of readers has a reader for each."""

Encoding = Literal["utf-8", "latin-1", "cp1252"]
"""How a delimited source writes its letters."""

ColumnType = Literal["text", "integer", "number", "date", "boolean"]
"""What the values of a source column are."""

PrivacyClass = Literal["public", "indirect_identifier", "direct_identifier", "sensitive"]
"""What a source column says of a person: nothing; something that helps to find them; who they are; something that could
harm them if they were found."""

ApprovalRole = Literal["data_steward", "deputy_director", "legal_counsel", "department_director", "agency"]

ScoringVariableName = Literal[
    "residence_geography",
    "service_geography",
    "age_range",
    "time",
    "race_ethnicity",
    "detailed_race",
    "ethnicity",
    "detailed_ethnicity",
    "language",
    "sex",
    "sexual_orientation",
    "gender_identity",
    "intersex",
    "immigration",
    "insurance_coverage",
    "means_tested_program",
    "other",
    "unlisted",
    "not_personal",
]
"""The rows of the Publication Scoring Criteria (DDG 2.0 §4.3.1), and two answers beside them: ``unlisted`` needs a named
expert reviewer, ``not_personal`` says that the dimension describes no person and why."""

HighRiskPopulation = Literal[
    "substance_use_disorder",
    "serious_mental_illness",
    "developmental_disability",
    "psychological_trauma",
    "child_welfare",
    "homelessness",
    "victims_of_crime_or_abuse",
    "justice_involved",
    "without_us_citizenship",
    "pregnancy_termination",
    "gender_affirming_care",
    "emergency_transport",
]
"""Populations whose small counts are suppressed whatever the score (DDG 2.0 §5.6.2)."""

FileFormat = Literal["csv", "json", "xlsx", "parquet", "xml", "geojson", "shapefile"]
"""The forms a table can be downloaded in (Handbook, Guidelines §3); CSV is the standard and always there."""

FieldStandardName = Literal[
    "address",
    "address2",
    "city",
    "state",
    "zip",
    "zip3",
    "zip_4",
    "country",
    "county",
    "county_fips",
    "latitude",
    "longitude",
    "geoid",
    "mssa_id",
    "mssa_name",
    "mssa_definition",
]
"""The common fields that are written one way in every table (Handbook, Guidelines §3)."""

RefreshMechanism = Literal["replace", "append", "update", "delete"]
Masking = Literal["suppression", "whole_percentages"]
