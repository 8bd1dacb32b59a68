"""The committed JSON Schema is current, and the closed lists of the declaration are those of the rules."""

import json
from typing import get_args

from include.opendata.declaration import choices
from include.opendata.declaration.json_schema import SCHEMA_FILE, schema_text
from include.opendata.rules.portal import portal_choices
from include.opendata.rules.release import high_risk_populations, permission_rules


def test_the_committed_schema_is_current():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m include.opendata.declaration.json_schema"
    )


def test_editors_are_told_of_the_schema():
    for declaration in SCHEMA_FILE.parent.glob("*/dataset.yaml"):
        first = declaration.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../dataset.schema.json"


def test_the_schema_accepts_the_shipped_declarations():
    from jsonschema import Draft202012Validator

    from include.opendata import yaml_reader

    validator = Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    for declaration in sorted(SCHEMA_FILE.parent.glob("*/dataset.yaml")):
        data, _ = yaml_reader.read(declaration)
        assert list(validator.iter_errors(json.loads(json.dumps(data, default=str)))) == []


def test_the_schema_refuses_a_field_nobody_knows():
    from jsonschema import Draft202012Validator

    from include.opendata import yaml_reader

    data, _ = yaml_reader.read(next(iter(sorted(SCHEMA_FILE.parent.glob("*/dataset.yaml")))))
    validator = Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    assert list(validator.iter_errors(json.loads(json.dumps(data | {"titel": "x"}, default=str))))


def test_the_lists_of_the_declaration_are_those_of_the_rules():
    portal = portal_choices()
    assert set(get_args(choices.Topic)) == set(portal.topics)
    assert set(get_args(choices.Frequency)) == {c.choice for c in portal.accrual_periodicity}
    assert set(get_args(choices.Granularity)) == set(portal.geographic_granularity)
    assert set(get_args(choices.HighRiskPopulation)) == set(high_risk_populations().populations)
    assert set(get_args(choices.ApprovalRole)) == set(permission_rules().roles)
