"""The monitoring pages inside Airflow: what is shown is worked out in ``include/opendata/monitoring``, here it is served."""
