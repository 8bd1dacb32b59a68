"""From a department's dataset to data tables fit for the public.

The rooms and their floors are drawn in ``docs/architecture.md``; ``tests/unit/test_floors.py`` guards them. Airflow lives above
all of this, in ``dags/`` and ``plugins/``; nothing here imports it.
"""

__version__ = "0.1.0"
