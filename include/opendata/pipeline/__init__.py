"""One refresh: the list of its steps (``steps``), the typed run (``run``), and a module for the story of each step.

This file imports nothing, so that Airflow can read the list of steps without loading pandas, DuckDB or Great Expectations.
"""
