"""Says an advice in plain language. It decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.advice.coarsenings import Coarsening
from include.opendata.advice.visibility import Visibility
from include.opendata.rules.release import thresholds


def proposal_sentence(changes: Sequence[Coarsening], now: Visibility, then: Visibility) -> str:
    """What to change, and what would be shown then instead of now."""
    parts = []
    if then.score is not None and now.score is not None:
        parts.append(f"score {then.score}" + (f" instead of {now.score}" if then.score != now.score else ", as now"))
    parts.append(f"{_shares(then, then)} would be shown instead of {_shares(now, then)}")
    return " ".join([f"{in_words(changes)}: {'; '.join(parts)}.", *remarks(then)])


def in_words(changes: Sequence[Coarsening]) -> str:
    """The changes as one request: “Put years together in periods of 5 and show regions in place of counties”."""
    first, *others = [change.words for change in changes]
    return " and ".join([first, *(words[0].lower() + words[1:] for words in others)])


def remarks(then: Visibility) -> tuple[str, ...]:
    """What must be known to read the figures."""
    sentences = []
    if then.hidden == "under 10":
        sentences.append("Under 10 cells would be hidden.")
    if then.how == "small counts alone":
        sentences.append("Only small counts were looked at: the table is too large to work out what must go with them.")
    return tuple(sentences)


def advice_sentence(now: Visibility, *, high_risk: bool, proposals: int, tried: int) -> str:
    """How the table stands, and how many ways to show more there are."""
    limit = thresholds().score.publish_up_to
    why = (
        "it describes a population at high risk"
        if high_risk
        else f"its score of {now.score} is above {limit}"
        if now.score is not None
        else "its score is unknown"
    )
    head = f"Small counts of this table are hidden because {why}; by itself it shows {_shares(now, now)}."
    if now.hidden == "none":
        return f"{head} Nothing is hidden today, so no coarser table would show more."
    if not tried:
        return f"{head} It has no dimension that could be made coarser."
    done = f"{tried} coarser design{' was' if tried == 1 else 's were'} tried"
    if not proposals:
        return f"{head} {done}; none would show a larger share or need no masking."
    how_many = "all of them" if proposals == tried > 1 else "it" if tried == 1 else f"{proposals} of them"
    return f"{head} {done}; {how_many} would show a larger share or need no masking."


def _shares(visibility: Visibility, beside: Visibility) -> str:
    """“92 % of the cells and 99.6 % of the events”; “every cell” where nothing is hidden."""
    if visibility.hidden == "none":
        return "every cell"
    cells = f"{visibility.cells_shown_percent} %"
    events = visibility.events_shown_percent
    if beside is visibility or beside.hidden == "none":
        return f"{cells} of the cells" + (f" and {events:g} % of the events" if events is not None else "")
    if events is None or beside.events_shown_percent is None:
        return f"{cells}" + (f" and {events:g} % of the events" if events is not None else "")
    return f"{cells} and {events:g} %"
