"""The guards of the product, to be taken away: a proof that stays green without them proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from include.opendata.disclosure import protection
from include.opendata.pipeline import protect
from include.opendata.release import build
from include.opendata.tables import column_atoms


def _nothing(*_: Any, **__: Any) -> None:
    """In place of what refuses."""


def _no_list(*_: Any, **__: Any) -> list[Any]:
    return []


def _no_views(*_: Any, **__: Any) -> tuple[Any, ...]:
    return ()


def _no_verdicts(*_: Any, **__: Any) -> tuple[dict[str, Any], tuple[Any, ...]]:
    return {}, ()


GUARDS: dict[str, tuple[tuple[Any, str, Callable[..., Any]], ...]] = {
    "ties": ((column_atoms, "ties", _no_list), (protect, "refuse_dependent_columns", _nothing)),
    "filters": ((column_atoms, "filter_ties", _no_list),),
    "history": ((protection, "attack_with_earlier", _no_views), (protection, "earlier_figures", _nothing)),
    "attack": (
        (protection, "attack_published", _no_verdicts),
        (protection, "attack_with_earlier", _no_views),
        (build, "_require_proven", _nothing),
    ),
}
"""Name → what is replaced by nothing. Without ``attack`` the first pattern that hiding finds is published."""


@contextmanager
def without(guards: Iterable[str]) -> Iterator[None]:
    """The product without some of GUARDS."""
    with pytest.MonkeyPatch.context() as patch:
        for guard in guards:
            for room, name, instead in GUARDS[guard]:
                patch.setattr(room, name, instead)
        yield
