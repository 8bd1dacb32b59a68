"""A small declaration that is sound, to be broken one field at a time."""

from __future__ import annotations

from pathlib import Path

SOUND = """\
dataset: clinic_visits
title: Clinic visits
description: Visits by sex and year.
department: Department of Health Care Services
program: Clinics
program_web_page: https://example.org/clinics
steward: {name: A steward, email: steward@example.org}
contact: {name: A contact, email: contact@example.org}
topic: Health Care
tags: [clinics]
frequency: annually
coverage: {start: 2020-01-01, end: 2020-12-31, geography: California, granularity: statewide}
source_link: https://example.org/source
limitations: None known.
statutes: [California Civil Code §1798.24]
source:
  location: visits.csv
  record: person
  key: [id]
  columns:
    - {name: id, type: integer, label: Number, definition: A running number., privacy: indirect_identifier}
    - name: sex
      type: text
      label: Sex
      definition: Sex of the person.
      valid_values: [f, m]
      privacy: indirect_identifier
    - {name: age, type: integer, label: Age, definition: Age in years., privacy: indirect_identifier}
quality: {suite: clinic_visits__source}
permission:
  individual_records: no
  prohibited_by_law: no
  originates_solely_in_program: yes
  sensitivities: []
  mandate: yes
approvals:
  - {role: data_steward, name: A, date: 2026-01-01, reference: F1}
  - {role: deputy_director, name: B, date: 2026-01-01, reference: F1}
  - {role: legal_counsel, name: C, date: 2026-01-01, reference: F1}
  - {role: department_director, name: D, date: 2026-01-01, reference: F1}
tables:
  - table: visits_by_sex
    title: Visits by sex
    description: Persons by sex.
    dimensions:
      - name: Sex
        label: Sex
        definition: Sex of the person.
        column: sex
        labels: {f: Female, m: Male}
        scores_as: sex
        total: Both sexes
    measures:
      - {name: Persons, kind: count, label: Persons, definition: Number of persons.}
"""


def write(folder: Path, text: str = SOUND, name: str = "clinic_visits") -> Path:
    """Write a declaration into ``folder/<name>/dataset.yaml``."""
    path = folder / name / "dataset.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
