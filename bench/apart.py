"""A measurement in a process of its own, so that its peak memory and what it compiles or loads are its own."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")


def apart(measure: Callable[..., Found], *arguments: Any) -> Found:
    """What ``measure`` returns for these arguments, made in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(max_workers=1, mp_context=context) as process:
        return process.submit(measure, *arguments).result()
