"""How people start things: the embedded Airflow, its settings, its environment. No part of the pipeline's work."""
