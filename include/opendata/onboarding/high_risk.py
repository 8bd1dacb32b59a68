"""Which populations at high risk the names in a source hint at (DDG 2.0 §5.6.2). A hint asks; it decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from include.opendata.rules.release import high_risk_populations

HINTS = {
    "substance_use_disorder": "substance|sud|opioid|alcohol|drug|overdose|addiction|methadone",
    "serious_mental_illness": "smi|mental|psychiatric|schizophrenia|bipolar|behavioral",
    "developmental_disability": "developmental|autism|autistic|intellectual|regional center",
    "psychological_trauma": "trauma|ptsd",
    "child_welfare": "foster|child welfare|cps|maltreatment",
    "homelessness": "homeless|homelessness|unhoused|shelter",
    "victims_of_crime_or_abuse": "victim|victims|homicide|homicides|murder|murders|abuse|assault|violence|rape|trafficking",
    "justice_involved": "arrest|arrests|jail|prison|incarcerated|probation|parole|justice|inmate",
    "without_us_citizenship": "citizenship|citizen|noncitizen|immigration|undocumented|refugee",
    "pregnancy_termination": "abortion|abortions|termination of pregnancy",
    "gender_affirming_care": "gender affirming|transgender|transition",
    "emergency_transport": "ambulance|ems|emergency transport",
}
"""Population → words, as a pattern of whole words in small letters."""


def hinted_populations(words: Iterable[str]) -> tuple[str, ...]:
    """The populations some of ``words`` (names of columns, categories, the title) hint at, in the rule book's order."""
    text = " ".join(re.sub(r"[^a-z]+", " ", word.lower()) for word in words)
    return tuple(
        slug for slug in high_risk_populations().populations if re.search(rf"\b(?:{HINTS[slug]})\b", text) is not None
    )
