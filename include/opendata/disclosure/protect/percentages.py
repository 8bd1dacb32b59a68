"""Three categories of which one is small: whole-number percentages in place of counts.

Hiding a small count of three would force a large one to be hidden beside it. Where the total is large enough, percentages
alone can be published: the small category's is left blank and said to be less than 1 % (DDG 2.0 §4.4). Decides whether a
table may be published so, and what then stands in it: no count at all. That the result tells no count is shown by another
room; that the counts appear nowhere else is for the declaration and the history to say.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from include.opendata.errors import Place, Refused
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ANNOTATION_SUFFIX, Annotation, DataTable, ProtectedTable, Structure

CATEGORIES = 3
LESS_THAN_ONE_PERCENT = "1"


def whole_percentages(table: DataTable, *, annotation: Annotation, rule: SmallCellRule, dataset: str) -> ProtectedTable:
    """``table`` (one dimension of three categories and a total; one count; its whole percentage) without its count.

    Of the published frame, one row per category and the total: the percentage, blank with annotation 1 for the small
    category. Raises Refused: ``percentages-shape``,
    ``percentages-not-a-sum``, ``percentages-total-small``, ``percentages-small-categories``,
    ``percentages-not-below-one``, ``percentages-others-below-one``.
    """
    place = Place(dataset=dataset, table=table.structure.table)
    published = table.structure.without_counts()
    counts = category_counts(table, place)
    total = _total(table, counts, place)
    at_least = thresholds().percentages_only.total_at_least
    if total < at_least:
        raise _refused("percentages-total-small", f"its total is not {at_least:,} or more", place)
    small = (counts >= 1) & (counts < rule.below)
    if small.sum() != 1:
        raise _refused("percentages-small-categories", "not exactly one of its categories is small", place)
    if 100 * int(counts[small][0]) >= total:
        raise _refused("percentages-not-below-one", "its small category is 1 % or more", place)
    others = counts[~small]
    if ((others > 0) & (100 * others < total)).any():
        raise _refused("percentages-others-below-one", "a second category is less than 1 %", place)

    (dimension,), (percent,) = published.dimensions, published.measures
    label = np.array(dimension.labels)[small][0]
    hidden = (table.frame[dimension.name] == label).to_numpy(dtype=bool)
    frame = pd.DataFrame(
        {
            dimension.name: table.frame[dimension.name].astype("string"),
            percent.name: table.frame[percent.name].mask(hidden),
            percent.name + ANNOTATION_SUFFIX: pd.Series(np.where(hidden, LESS_THAN_ONE_PERCENT, ""), dtype="string"),
        }
    )
    return ProtectedTable(
        structure=published,
        annotation=annotation,
        frame=frame[published.published_columns()].reset_index(drop=True),
        masked=True,
        small=1,
        complementary=0,
        unstable=0,
        cells=len(frame),
        annotated_below=rule.below,
    )


def category_counts(table: DataTable, place: Place) -> np.ndarray:
    """int64[3]: the true count of each category in published order. Raises Refused (``percentages-shape``)."""
    if not _is_shaped(table.structure):
        raise _refused(
            "percentages-shape",
            "it is not one dimension of three categories and a total, with one count and its percentage in whole numbers",
            place,
        )
    (dimension,) = table.structure.dimensions
    (count,) = (measure.name for measure in table.structure.measures if measure.role == "count")
    by_label = table.frame.set_index(dimension.name)[count]
    return by_label.loc[list(dimension.labels)].to_numpy(dtype=np.int64)


def _is_shaped(structure: Structure) -> bool:
    """Whether a table is one dimension of three categories and a total, with one count and its whole percentage."""
    measures = {measure.role: measure for measure in structure.measures}
    if (
        len(structure.dimensions) != 1
        or len(structure.measures) != len(measures)
        or set(measures) != {"count", "percent"}
    ):
        return False
    (dimension,), count, percent = structure.dimensions, measures["count"], measures["percent"]
    return all(
        (
            len(dimension.labels) == CATEGORIES,
            dimension.total is not None,
            not count.persons,
            percent.numerator == count.name,
            not percent.decimals,
        )
    )


def _total(table: DataTable, counts: np.ndarray, place: Place) -> int:
    (dimension,) = table.structure.dimensions
    (count,) = (m.name for m in table.structure.measures if m.role == "count")
    total = int(table.frame.loc[(table.frame[dimension.name] == dimension.total).to_numpy(dtype=bool), count].iloc[0])
    if total != int(counts.sum()):
        raise _refused("percentages-not-a-sum", "its categories do not add up to its total: they overlap", place)
    return total


def _refused(slug: str, why: str, place: Place) -> Refused:
    return Refused(
        f"the table cannot be published as whole percentages: {why}",
        remedy="Put more years together or choose other categories, or leave `masking` out, so that counts are published "
        "and small ones hidden; talk to the data coordinator first if percentages were published before.",
        slug=slug,
        place=place,
        details=(f"The conditions are in docs/disclosure.md ({thresholds().percentages_only.section}).",),
    )
