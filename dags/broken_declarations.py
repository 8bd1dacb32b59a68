"""Declarations that cannot be used, shown where Airflow shows what is wrong with DAG files: this file fails to import.

An import error takes every DAG of its file down with it, so it must not be ``refresh_datasets.py`` that fails: this
file holds no DAG, and its failing harms none. Each broken dataset also keeps a DAG of its own that fails and
says why.
"""

from __future__ import annotations

from dags.dag_builder import declared_dag, outlines
from include.opendata.declaration.light import declared_ids
from include.opendata.errors import DeclarationError


def broken_declarations() -> list[str]:
    """What is wrong, one text per declaration that cannot be used, in the order of their ids."""
    reasons = []
    usable = outlines()
    for dataset in declared_ids():
        if usable.find(dataset) is not None:
            continue
        try:
            declared_dag(dataset)
        except DeclarationError as error:
            reasons.append(str(error))
    return reasons


if broken := broken_declarations():
    raise ImportError("\n\n".join([f"{len(broken)} declaration(s) cannot be used; the other datasets run.", *broken]))
