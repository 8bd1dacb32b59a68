"""Limits of what a person may fill in for one run; light, because Airflow's trigger form states them too."""

from __future__ import annotations

LONGEST_NOTE = 500
"""Characters of a note, and of the reason why changes are accepted; both are kept in the ledger."""
