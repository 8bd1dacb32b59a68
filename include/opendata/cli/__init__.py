"""``bin/opendata``: the steps of the pipeline by hand, without Airflow."""
