"""A dataset of facilities: licensed clinics with their addresses and coordinates. Nothing in it describes people."""

from __future__ import annotations

FACILITIES = """
dataset: licensed_clinics
title: Licensed clinics
description: Clinics licensed in California, with their places and their exam rooms.
department: California Department of Public Health
program: Center for Health Care Quality
program_web_page: https://example.org/clinics
steward: {name: Sam Steward, email: sam@example.org}
contact: {name: Open data, email: opendata@example.org}
topic: Facilities and Services
tags: [clinics, facilities]
frequency: quarterly
coverage: {start: 2026-01-01, end: 2026-03-31, geography: California, granularity: location point}
source_link: https://example.org/licensed
limitations: Licenses in force at the end of the quarter.
statutes: [California Health and Safety Code §1200]
personal_characteristics: no
source:
  location: clinics.csv
  record: aggregate
  key: [license, year]
  columns:
    - {name: license, type: text, label: License, definition: License number., privacy: public, pattern: "[0-9]{4}",
       not_personal_because: The license is the clinic's.}
    - {name: year, type: integer, label: Year, definition: Year of the license., privacy: public}
    - {name: facility, type: text, label: Clinic, definition: The clinic's name., privacy: public,
       not_personal_because: Clinics are named after founders and towns.}
    - {name: address, type: text, label: Address, definition: Street and number., privacy: public, standard: address,
       not_personal_because: The address of a licensed clinic.}
    - {name: zip, type: text, label: ZIP code, definition: ZIP code., privacy: public, standard: zip}
    - {name: county, type: text, label: County, definition: County., privacy: public, standard: county}
    - {name: fips, type: text, label: County FIPS, definition: The county's code., privacy: public, standard: county_fips}
    - {name: tract, type: text, label: Census tract, definition: Census tract., privacy: public, standard: geoid}
    - {name: lat, type: number, label: Latitude, definition: Degrees north., privacy: public, standard: latitude,
       required: no}
    - {name: lon, type: number, label: Longitude, definition: Degrees east., privacy: public, standard: longitude,
       required: no}
    - {name: rooms, type: integer, label: Exam rooms, definition: Exam rooms., privacy: public, valid_values: {from: 0}}
quality: {suite: licensed_clinics__source}
permission:
  individual_records: no
  individual_records_note: The list is of clinics.
  prohibited_by_law: no
  originates_solely_in_program: yes
  sensitivities: []
  mandate: yes
  mandate_note: Licenses are public records.
  already_public: yes
approvals:
  - {role: data_steward, name: A, date: 2026-01-01, reference: f1}
  - {role: deputy_director, name: B, date: 2026-01-01, reference: f1}
  - {role: legal_counsel, name: C, date: 2026-01-01, reference: f1}
  - {role: department_director, name: D, date: 2026-01-01, reference: f1}
tables:
  - table: clinics
    title: Licensed clinics and their exam rooms
    description: One row per clinic and year.
    formats: [json, xlsx, parquet, xml, geojson, shapefile]
    points: {latitude: Latitude, longitude: Longitude, inside: California}
    absent_combinations: omit
    dimensions:
      - name: License_Number
        label: License number
        definition: The number of the clinic's license.
        column: license
        scores_as: {variable: not_personal, reason: A clinic is not a person.}
        attributes:
          - {name: Facility_Name, column: facility, label: Clinic, definition: The clinic's name.}
          - {name: Address, column: address, label: Address, definition: Street and number.}
          - {name: ZIP, column: zip, label: ZIP code, definition: ZIP code.}
          - {name: County, column: county, label: County, definition: County.}
          - {name: County_FIPS, column: fips, label: County FIPS, definition: The county's code.}
          - {name: Census_Tract, column: tract, label: Census tract, definition: GEOID of the tract.}
          - {name: Latitude, column: lat, label: Latitude, definition: "Degrees north, WGS 84."}
          - {name: Longitude, column: lon, label: Longitude, definition: "Degrees east, WGS 84."}
      - name: Year
        label: Year
        definition: Year of the license.
        column: year
        scores_as: time
    measures:
      - {name: Exam_Rooms, kind: sum, of: amount, column: rooms, label: Exam rooms, definition: Number of exam rooms.}
"""

HEADER = "license,year,facility,address,zip,county,fips,tract,lat,lon,rooms\n"
CLINICS = HEADER + "".join(
    f"{number},{year},{rest},{rooms + (year - 2025)}\n"
    for number, rest, rooms in (
        (
            "0101",
            'Capitol "Oak" Clinic,"1500 Capitol Ave, Ste 1",95814,Sacramento,067,06067001101,38.573936,-121.490738',
            12,
        ),
        ("0102", "Niños & Familias,200 Main St,93721,Fresno,019,06019000100,36.738420,-119.784830", 4),
        ("0103", "Clinic <Tahoe>,7 Lake Blvd,96150,El Dorado,017,06017030200,38.9399,-119.9772", 3),
        ("0104", "Not yet geocoded,1 New Rd,92101,San Diego,073,06073005100,,", 9),
    )
    for year in (2025, 2026)
)
