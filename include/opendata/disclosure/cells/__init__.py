"""Which figures of a dataset's tables are one and the same cell, and which are sums of others.

Built from the tables' structures alone: everything here is public knowledge (an attacker reads it from the data
dictionary), so the package serves both the room that hides cells and the room that attacks what is left. It sees no count.

A cell of a measure is a set of atoms (see ``vocabulary``) for every source column any table uses. From the sets follow:

- *the same cell in two tables*: equal sets on every column (``builder``, ``tables``);
- *sums*: a set is the disjoint union of the categories some table has on that column (a total and its categories, a
  period and its years), or of two sets that occur somewhere; the other columns stay as they are (``partitions``);
- *totals no table publishes* still tie tables together (region by sex and region by age add up to the same regions), so
  they are added as cells that are not published; so is what is left of a set when others that lie in it are taken away;
- *blocks*: a region by age groups is the sum of its counties by single ages, in several columns at once (``equations``).

A combination that a table leaves out is known to be zero, so it is a published cell like any other.

Counts that are sums of one another in every record (men and women are all) are cells of one system, the measure being one
more column of theirs (``measures``).

Distinct persons add up only over columns that tell them apart (``TableMeasure.apart``) and over totals that are published.

``link(…, joint=True)`` adds, where sums of single columns do not tell everything (three and more tables that overlap in a
circle, categories of two tables that cross, two tables that are cut differently in several columns), the finest cells all
tables are made of (``finest``). The attacker reasons with them; hiding does without, for no one has their true counts, and
is told by the attacker when that was not enough.
"""

from include.opendata.disclosure.cells.linking import LinkedCells, link
from include.opendata.disclosure.cells.measures import of_measure
from include.opendata.disclosure.cells.nodes import Node
from include.opendata.disclosure.cells.tables import DescribedTable, described

__all__ = ["DescribedTable", "LinkedCells", "Node", "described", "link", "of_measure"]
