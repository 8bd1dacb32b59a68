"""The findings behind an assessment: what keeps a table back, what must be hidden, what a reader should know.

Each rule is one small function from what was judged to its findings; their order is the order in which people read them.
Nothing is decided here that the judgement does not say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from include.opendata.declaration.dataset import Mitigation
from include.opendata.gate.findings import GateFinding
from include.opendata.gate.judgement import Judgement, TableFacts, UnlistedVariable
from include.opendata.gate.permission import role_names
from include.opendata.gate.safe_harbor import safe_harbor_findings
from include.opendata.rules.release import high_risk_populations, thresholds


def reasons_of(judged: Judgement) -> Iterator[GateFinding]:
    """Every finding on the judged table, in reading order."""
    given = judged.given
    yield from _permission(judged)
    yield from _missing_facts(judged)
    yield from _persons_behind(given)
    for variable in given.unlisted:
        yield _unlisted(variable)
    yield from _survey_without_cases(given)
    yield from _high_risk(given)
    yield from _high_score(judged)
    yield from _unstable(judged)
    if given.personal:
        time = given.facts.time if given.facts is not None else None
        yield from safe_harbor_findings(age_bands=given.age_bands, zip3_populations=given.zip3_populations, time=time)
    for mitigation in given.mitigations:
        yield _mitigation(mitigation, given.as_of)


def _permission(judged: Judgement) -> Iterator[GateFinding]:
    permission = judged.permission
    if permission.level == 3:
        sentence = f"It is level 3 and never reaches the portal. {permission.sentence}"
        yield _refuse("level-3", sentence, permission.section)
    elif permission.level is None:
        yield _refuse("permission-open", permission.sentence, permission.section)
    elif judged.lacking:
        sentence = (
            f"No signed form is declared of: {role_names(judged.lacking)}. They are asked before anything is staged."
        )
        yield GateFinding(slug="approval-to-be-asked", severity="note", sentence=sentence, section=permission.section)


def _missing_facts(judged: Judgement) -> Iterator[GateFinding]:
    given, section = judged.given, thresholds().score.section
    if given.high_risk and not given.personal_characteristics:
        yield GateFinding(
            slug="high-risk-is-personal",
            severity="note",
            sentence="It is declared to describe no one and to describe a high-risk population; the second decides.",
            section=high_risk_populations().section,
        )
    if given.personal and given.facts is None and judged.condition.met:
        yield _refuse("score-missing", "Its publication score cannot be computed: its facts are unknown.", section)


_PERSONS_BEHIND = {
    "one": "It counts events, and the declaration says that a person has one at most.",
    "several": "It counts events of which a person may have several, and no column names the person: a count that is not small "
    "may be of a few persons, or of one.",
}


def _persons_behind(given: TableFacts) -> Iterator[GateFinding]:
    """What is known of the persons behind a table's events; small is a count of few persons."""
    if not given.personal or given.persons_behind == "named":
        return
    if given.persons_behind is None:
        sentence = (
            "It counts events, and neither does a column name the person behind each nor is it declared how many a person may "
            "have; add `persons:` to its counts, or answer `records_per_person` under `source`."
        )
        yield _refuse("persons-behind-unknown", sentence, given.rule.section)
        return
    sentence = _PERSONS_BEHIND[given.persons_behind]
    yield GateFinding(slug="persons-behind", severity="note", sentence=sentence, section=given.rule.section)


def _unlisted(variable: UnlistedVariable) -> GateFinding:
    section = thresholds().score.section
    if variable.reviewer is None or not variable.reviewer.strip():
        sentence = f"“{variable.name}” is not in the scoring criteria; an expert must review it, by name."
        return _refuse("reviewer-missing", sentence, section)
    sentence = f"“{variable.name}” is not in the scoring criteria; {variable.reviewer} reviewed it."
    return GateFinding(slug="expert-review", severity="note", sentence=sentence, section=section)


def _survey_without_cases(given: TableFacts) -> Iterator[GateFinding]:
    if not given.survey:
        return
    cells, cases = np.asarray(given.counts).size, given.sample_sizes
    if cases is None or (np.asarray(cases).size == 0 and cells > 0):
        sentence = "It is a survey and the number of sample cases behind each estimate is unknown."
        yield _refuse("sample-sizes-missing", sentence, thresholds().survey.section)


def _high_risk(given: TableFacts) -> Iterator[GateFinding]:
    risk = high_risk_populations()
    for slug in given.high_risk:
        sentence = f"It describes {risk.populations[slug]}: counts {given.rule.words} are hidden whatever the score."
        yield GateFinding(slug="high-risk-population", severity="mask", sentence=sentence, section=risk.section)


def _high_score(judged: Judgement) -> Iterator[GateFinding]:
    limits, total = thresholds().score, judged.score
    if judged.masking and judged.condition.met and total is not None and total >= limits.mask_from:
        sentence = f"Its publication score of {total} is {limits.mask_from} or more."
        yield GateFinding(slug="score-high", severity="mask", sentence=sentence, section=limits.section)


def _unstable(judged: Judgement) -> Iterator[GateFinding]:
    survey = thresholds().survey
    if judged.unstable_cells:
        sentence = (
            f"{judged.unstable_cells} estimate(s) rest on fewer than {survey.sample_cases_below} sample cases and are "
            f"left blank with annotation {survey.annotation}."
        )
        yield GateFinding(slug="estimates-unstable", severity="mask", sentence=sentence, section=survey.section)


def _mitigation(mitigation: Mitigation, as_of: dt.date | None) -> GateFinding:
    expired = as_of is not None and mitigation.expires < as_of
    sentence = (
        f"{mitigation.who} documented on {mitigation.when.isoformat()}: {mitigation.why} "
        f"{'Expired' if expired else 'Expires'} on {mitigation.expires.isoformat()}. It changes no decision here."
    )
    slug = "mitigation-expired" if expired else "mitigation"
    return GateFinding(slug=slug, severity="note", sentence=sentence, section=thresholds().score.section)


def _refuse(slug: str, sentence: str, section: str) -> GateFinding:
    return GateFinding(slug=slug, severity="refuse", sentence=sentence, section=section)
