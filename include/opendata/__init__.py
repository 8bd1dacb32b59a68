"""From a department's dataset to data tables fit for the public, one room per step.

The floors, from the ground up; a lower floor never imports a higher one (``tests/unit/test_floors.py`` guards it):

1. ``errors``, ``vocabulary``, ``spec``, ``rules``: the words, the declaration and the criteria everyone shares.
2. ``work``, ``warehouse``, ``ledger``: where things are kept.
3. ``extract``, ``quality``, ``tabulate``, ``gate``, ``disclosure``, ``release``, ``staging``: one room per step;
   rooms on this floor do not import one another.
4. ``pipeline`` and ``cli``: the story of one refresh, and the command line that tells it.

Airflow lives above all of this, in ``dags/`` and ``plugins/``; nothing here imports it.
"""

__version__ = "0.1.0"
