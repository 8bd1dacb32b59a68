"""An expectation as a suite's JSON has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict


class Expectation(TypedDict):
    """What is expected, and of what. ``kwargs``: the arguments of that type of expectation, as JSON · ``meta``: who wrote it.

    Great Expectations adds ``notes``, ``id`` and ``description``, which nothing here reads.
    """

    type: str
    kwargs: Mapping[str, Any]
    meta: NotRequired[Mapping[str, Any]]
    severity: NotRequired[str]


COUNTY_REFERENCE = "california_counties"


def expect(kind: str, **arguments: Any) -> Expectation:
    """The expectation ``expect_<kind>`` with these arguments."""
    return {"type": f"expect_{kind}", "kwargs": arguments}
