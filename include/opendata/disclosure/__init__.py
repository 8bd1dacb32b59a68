"""Disclosure control: which counts may not be shown, what hides them, and whether an attacker could undo it.

The wing and its doors; other rooms come in through these modules and no deeper:

- ``protection``: ``protect_and_attack`` hides what must be hidden in the tables of a dataset and attacks the result;
  ``protection_result`` is what comes of it. Behind it stand ``whole_percentages`` (a table that publishes no count),
  ``computable_amounts`` (sums of money) and ``release_attack`` (what is attacked, in which order).
- ``long_tables``: an aggregated table that someone already has, protected or attacked by itself.
- ``cells``: which figures of several tables are one cell, and which are sums of others. Public knowledge, the one thing that
  hiding and attacking share.
- ``protect``: what hides; ``suppress`` and ``primary`` for any system of cells, ``cube`` for large cubes.
- ``attack``: the attacker, who reads only what is published and shares no code with ``protect``.
- ``history``: what earlier releases, and other datasets, have shown.
- ``proof``: checks later, from what was stored, that a published pattern is safe. ``proof_without_truth`` keeps the true
  table out of what is stored.

All of it takes the rule about small counts whole (``rules.small_cells.SmallCellRule``) and knows no number of its own.
"""
