"""What an expectation asks for, in plain language: one small function per type, from the suite's arguments alone.

The sentences serve refusals and the evidence page. They quote what the suite declares (the categories allowed, a range),
never what the data hold. A type without a sentence of its own is named by its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Arguments = Mapping[str, Any]


def sentence(kind: str, arguments: Arguments) -> str:
    """What an expectation of type ``kind`` with these arguments asks for."""
    wording = _SENTENCES.get(kind)
    text = wording(arguments) if wording else f"expected: {kind.removeprefix('expect_').replace('_', ' ')}"
    mostly = arguments.get("mostly")
    if isinstance(mostly, int | float) and mostly < 1:
        text += f" (at least {100 * mostly:g} % of the rows)"
    return text


def columns_of(arguments: Arguments) -> tuple[str, ...]:
    """The columns an expectation is about; none for one about the table as a whole."""
    if isinstance(arguments.get("column"), str):
        return (arguments["column"],)
    if isinstance(arguments.get("column_A"), str):
        return (arguments["column_A"], str(arguments.get("column_B")))
    named = arguments.get("columns")
    return tuple(str(name) for name in named) if isinstance(named, list) else ()


def _list(values: Any, most: int = 12) -> str:
    shown = [str(value) for value in (values or [])]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def _range(arguments: Arguments, low: str = "min_value", high: str = "max_value") -> str:
    least, most = _number(arguments.get(low)), _number(arguments.get(high))
    if least is not None and most is not None:
        return f"{least}" if least == most else f"from {least} to {most}"
    if least is not None:
        return f"{least} or more"
    return f"{most} or less" if most is not None else "anything"


def _number(value: Any) -> Any:
    """Great Expectations reads 0 as 0.0; people do not."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _whole_columns(a: Arguments) -> str:
    return f"the columns are {_list(a.get('column_list') or a.get('column_set'), 40)}"


def _small(a: Arguments) -> str:
    if a.get("masked") is False:
        return "the table needed no masking, so no count is marked as suppressed"
    return f"no count from 1 to {int(a['threshold']) - 1} is shown"


_SENTENCES: dict[str, Callable[[Arguments], str]] = {
    "expect_table_columns_to_match_set": _whole_columns,
    "expect_table_columns_to_match_ordered_list": lambda a: f"{_whole_columns(a)}, in this order",
    "expect_table_row_count_to_be_between": lambda a: f"the number of rows is {_range(a)}",
    "expect_table_row_count_to_equal": lambda a: f"the number of rows is {a.get('value')}",
    "expect_column_values_to_not_be_null": lambda a: "every row has a value",
    "expect_column_values_to_be_in_set": lambda a: f"every value is one of {_list(a.get('value_set'))}",
    "expect_column_values_to_be_between": lambda a: f"every value is {_range(a)}",
    "expect_column_values_to_match_regex": lambda a: f"every value has the form {a.get('regex')}",
    "expect_column_value_lengths_to_be_between": lambda a: f"every value has a length of {_range(a)}",
    "expect_column_distinct_values_to_equal_set": lambda a: f"the values are exactly {_list(a.get('value_set'))}",
    "expect_column_unique_value_count_to_be_between": lambda a: f"the number of different values is {_range(a)}",
    "expect_column_sum_to_be_between": lambda a: f"the sum is {_range(a)}",
    "expect_column_mean_to_be_between": lambda a: f"the mean is {_range(a)}",
    "expect_column_median_to_be_between": lambda a: f"the median is {_range(a)}",
    "expect_column_max_to_be_between": lambda a: f"the largest value is {_range(a)}",
    "expect_column_min_to_be_between": lambda a: f"the smallest value is {_range(a)}",
    "expect_column_pair_values_a_to_be_greater_than_b": lambda a: f"{a['column_A']} is greater than {a['column_B']}",
    "expect_column_proportion_of_non_null_values_to_be_between": lambda a: (
        f"the share of rows with a value is {_range(a)}"
    ),
    "expect_key_to_be_unique": lambda a: "together they name one row, so no two rows have the same key",
    "expect_groups_to_have_row_count": lambda a: f"each has {a['rows']} rows",
    "expect_column_type_to_be_declared": lambda a: f"the type is {' or '.join(a['kinds'])}",
    "expect_no_spreadsheet_formula": lambda a: "no text begins with a character that a spreadsheet runs as a formula",
    "expect_no_direct_identifiers": lambda a: (
        "no column names a person, and no text looks like a number or address of one"
    ),
    "expect_no_small_count_shown": _small,
    "expect_blank_to_be_annotated": lambda a: f"a blank has one of the codes {_list(a['codes'])}, a value has none",
    "expect_zero_to_be_shown": lambda a: f"what follows from a {a['base']} of zero is not marked as suppressed",
    "expect_derived_to_be_blank_with_base": lambda a: f"it is blank wherever {a['base']} is",
    "expect_percent_to_be_blank_with_total": lambda a: (
        f"it is blank wherever the total of {a['base']} it is a share of is"
    ),
    "expect_whole_percentages_but_one": lambda a: "percentages are whole numbers, and exactly one of them is blank",
    "expect_area_to_follow_reference": lambda a: (
        f"each name stands beside its own {a['code_column']}, with leading zeros"
    ),
    "expect_points_to_lie_inside": lambda a: (
        f"{a['latitude']} and {a['longitude']} lie inside {a['area']}"
        + (", or are both blank" if a.get("blanks") else "")
    ),
    "expect_field_to_follow_standard": lambda a: (
        f"it is written as the standard for {a['element']} says"
        + (f", or {_list(a['besides'])}" if a.get("besides") else "")
    ),
}
