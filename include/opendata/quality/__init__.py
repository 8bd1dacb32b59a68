"""Quality: what the source must be before anything is made of it, and what a table must be before it is published.

The suites are JSON under ``great_expectations/expectations/``, run by Great Expectations in the database. A declaration
sets the floor of each suite (``mandatory``); a steward adds to it. Great Expectations fails open in several ways (an
expectation it cannot import is dropped, a suite of nothing succeeds); ``check`` closes each of them.
"""

from include.opendata.quality.check import check_publishable, check_source
from include.opendata.quality.mandatory import mandatory_publishable, mandatory_source
from include.opendata.quality.report import ExpectationOutcome, QualityReport
from include.opendata.quality.suite_files import publishable_suite
from include.opendata.quality.suites import check_suites, draft_suites, write_suites

__all__ = [
    "ExpectationOutcome",
    "QualityReport",
    "check_publishable",
    "check_source",
    "check_suites",
    "draft_suites",
    "mandatory_publishable",
    "mandatory_source",
    "publishable_suite",
    "write_suites",
]
