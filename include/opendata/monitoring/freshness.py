"""Whether a dataset keeps the frequency its declaration promises: by the date of its refresh, and by the date of its data.

By refresh: a refresh, also one that found nothing new, is due one period after the one before it. By data: data that end on
a day are followed by those of the next period, which have one more period to be published; a table can be refreshed on
time and show ever older data, and the other way round. A promise is broken only after some days of grace.

The periods are those of the portal's ``accrual_periodicity``; the days of grace are this project's own.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Literal

State = Literal["fresh", "due", "late", "never", "no promise"]
"""``due``: the day has come and the grace has not passed · ``never``: nothing was refreshed yet · ``no promise``: the
frequency is `other` or `point in time`."""

# frequency: (days, months, days of grace)
_PERIODS: dict[str, tuple[int, int, int]] = {
    "daily": (1, 0, 1),
    "weekly": (7, 0, 2),
    "biweekly": (14, 0, 3),
    "monthly": (0, 1, 5),
    "bimonthly": (0, 2, 7),
    "quarterly": (0, 3, 10),
    "annually": (0, 12, 30),
}
WITHOUT_PROMISE = ("other", "point in time")
_ORDER: tuple[State, ...] = ("late", "never", "due", "fresh", "no promise")


@dataclass(frozen=True)
class Freshness:
    """``refresh_due`` and ``data_due``: the first day on which the next refresh, or newer data, are expected; None without
    a promise. ``days_late``: days beyond that day of whichever is later, 0 unless late."""

    by_refresh: State
    by_data: State
    refresh_due: dt.date | None
    data_due: dt.date | None
    days_late: int

    @property
    def worst(self) -> State:
        """The state to show where there is room for one."""
        return min((self.by_refresh, self.by_data), key=_ORDER.index)

    @property
    def sentence(self) -> str:
        """What a data coordinator reads."""
        match self.worst:
            case "no promise":
                return "No frequency is promised."
            case "never":
                return "Never refreshed."
            case "fresh":
                return f"On time; the next refresh is due on {self.refresh_due}."
            case "due":
                return "Due: " + " and ".join(self._parts("due")) + "."
            case _:
                return f"Late by {self.days_late} days: " + " and ".join(self._parts("late")) + "."

    def _parts(self, state: State) -> list[str]:
        parts = []
        if self.by_refresh == state:
            parts.append(f"a refresh was due on {self.refresh_due}")
        if self.by_data == state:
            parts.append(f"newer data were due on {self.data_due}")
        return parts


def freshness(frequency: str, *, refreshed: dt.date | None, data_end: dt.date | None, today: dt.date) -> Freshness:
    """How a dataset stands today. ``refreshed``: the day of the last run that ended well (staged or unchanged) ·
    ``data_end``: the last day its published data speak of. Raises KeyError for a frequency no one knows."""
    if frequency in WITHOUT_PROMISE:
        return Freshness("no promise" if refreshed else "never", "no promise", None, None, 0)
    refresh_due = after(refreshed, frequency) if refreshed else None
    data_due = after(data_end, frequency, periods=2) if data_end else None
    by_refresh: State = "never" if refresh_due is None else _state(refresh_due, frequency, today)
    by_data: State = "no promise" if data_due is None else _state(data_due, frequency, today)
    days_late = max(_days_late(refresh_due, by_refresh, today), _days_late(data_due, by_data, today))
    return Freshness(by_refresh, by_data, refresh_due, data_due, days_late)


def _days_late(due: dt.date | None, state: State, today: dt.date) -> int:
    return (today - due).days if due is not None and state == "late" else 0


def after(day: dt.date, frequency: str, *, periods: int = 1) -> dt.date:
    """The day that many periods later; the last of a month stays the last of a month."""
    days, months, _ = _PERIODS[frequency]
    if not months:
        return day + dt.timedelta(days=days * periods)
    number = day.year * 12 + day.month - 1 + months * periods
    year, month = divmod(number, 12)
    last = calendar.monthrange(year, month + 1)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return dt.date(year, month + 1, last if was_last else min(day.day, last))


def _state(due: dt.date, frequency: str, today: dt.date) -> State:
    if today < due:
        return "fresh"
    return "due" if today <= due + dt.timedelta(days=_PERIODS[frequency][2]) else "late"
