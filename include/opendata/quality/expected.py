"""An expectation as a suite's JSON has it."""

from __future__ import annotations

from typing import Any

Expectation = dict[str, Any]
"""``{"type": …, "kwargs": {…}}``."""

COUNTY_REFERENCE = "california_counties"


def expect(kind: str, **arguments: Any) -> Expectation:
    """The expectation ``expect_<kind>`` with these arguments."""
    return {"type": f"expect_{kind}", "kwargs": arguments}
