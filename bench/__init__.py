"""Measurements of how long things take: ``python -m bench``, or ``make bench``. Not part of what is published."""
