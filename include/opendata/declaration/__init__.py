"""The declaration: its model, its YAML, its errors.

``light`` is for Airflow's parser (PyYAML alone); ``load`` reads a declaration in full (pydantic). This package imports
neither by itself, so that the light way stays light.
"""
