"""Releases whose difference reveals a count are caught, whatever each is by itself."""

from dataclasses import replace

import numpy as np
import pytest

from include.opendata.disclosure.history.joint import joint_cells
from include.opendata.disclosure.history.published import PublishedLimits, PublishedTable
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import AuditFailed, Refused
from include.opendata.vocabulary import TableMeasure
from tests.lib.earlier_releases import declared, published, true_table
from tests.lib.rules import RULE

A, B, C, D = "Alder", "Birch", "Cedar", "Doyle"


def counts(year="2020", **clinics):
    return {(clinic.capitalize(), year): value for clinic, value in clinics.items()}


def blanks(protection):
    (table,) = protection.tables
    frame = table.frame
    return {
        (clinic, year)
        for clinic, year, missing in zip(frame["Clinic"], frame["Year"], frame["Persons"].isna(), strict=True)
        if missing
    }


def next_release(dataset, figures, *earlier):
    return protect_and_attack(dataset, [true_table(dataset, figures)], masked=True, earlier=earlier)


FIGURES = counts(alder=5, birch=20, cedar=22, doyle=30)


def test_the_first_release_is_protected_as_if_there_were_no_memory():
    dataset = declared()
    with_memory, without = (
        next_release(dataset, FIGURES),
        protect_and_attack(dataset, [true_table(dataset, FIGURES)], masked=True),
    )
    assert with_memory.tables[0].frame.equals(without.tables[0].frame)
    assert with_memory.earlier == ()


def test_a_cell_that_was_shown_is_no_complement_any_more():
    dataset = declared()
    alone = blanks(next_release(dataset, FIGURES))
    assert (A, "2020") in alone and len(alone) == 2
    (complement,) = alone - {(A, "2020")}
    other = next(cell for cell in [(B, "2020"), (C, "2020"), (D, "2020")] if cell != complement)
    before = published("r1", dataset, FIGURES, blank=[(A, "2020"), other])
    assert blanks(next_release(dataset, FIGURES, before)) == {(A, "2020"), other}


def test_an_unchanged_refresh_keeps_the_pattern_whatever_the_seed_is():
    dataset = declared()
    before = published("r1", dataset, FIGURES, blank=[(A, "2020"), (D, "2020")])
    for seed in range(6):
        again = next_release(dataset.model_copy(update={"seed": seed}), FIGURES, before)
        assert blanks(again) == {(A, "2020"), (D, "2020")}


def test_two_patterns_side_by_side_are_attacked_as_one():
    """The first release hid Alder with Birch, the second with Cedar: their readers know both, and so Alder."""
    dataset = declared()
    first = published("r1", dataset, FIGURES, blank=[(A, "2020"), (B, "2020")])
    second = published("r2", dataset, FIGURES, blank=[(A, "2020"), (C, "2020")])
    with pytest.raises((AuditFailed, Refused)) as caught:
        next_release(dataset, FIGURES, first, second)
    assert caught.value.slug in ("earlier-releases-in-the-way", "recoverable-with-earlier-releases")


def test_a_small_count_that_was_shown_is_an_incident_for_people():
    dataset = declared()
    before = published("r1", dataset, FIGURES)
    with pytest.raises(Refused) as incident:
        next_release(dataset, FIGURES, before)
    assert incident.value.slug == "small-cell-already-public"
    assert "coordinator" in incident.value.remedy
    assert "5" not in str(incident.value).replace("clinic_visits", "")


def test_a_count_that_fell_below_the_threshold_is_no_incident():
    dataset = declared()
    before = published("r1", dataset, counts(alder=15, birch=20, cedar=22, doyle=30))
    hidden = blanks(next_release(dataset, counts(alder=8, birch=21, cedar=23, doyle=30), before))
    assert (A, "2020") in hidden and len(hidden) > 1


def test_rolling_years_reveal_the_year_by_which_they_differ():
    """2018–2020 and 2018–2021 differ by 2021, which is small: shown, the second gives it away."""
    earlier = declared(bins=[(2018, 2020)], total=None)
    before = published("r1", earlier, {(A, "2018–2020"): 40, (B, "2018–2020"): 50})
    now = declared(bins=[(2018, 2021)], total=None)
    with pytest.raises(AuditFailed) as caught:
        next_release(now, {(A, "2018–2021"): 44, (B, "2018–2021"): 90}, before)
    assert caught.value.slug == "recoverable-with-earlier-releases"
    assert "44" not in str(caught.value) and "40" not in str(caught.value)


def test_rolling_years_may_differ_by_years_that_are_no_small_counts():
    earlier = declared(bins=[(2018, 2020)], total=None)
    before = published("r1", earlier, {(A, "2018–2020"): 40, (B, "2018–2020"): 50})
    now = declared(bins=[(2018, 2021)], total=None)
    result = next_release(now, {(A, "2018–2021"): 60, (B, "2018–2021"): 90}, before)
    assert blanks(result) == set()


def test_three_releases_of_rolling_years_are_attacked_together():
    """Neither pair of releases overlaps by a difference alone; the three together give 2021 away."""
    figures = {(A, "2018–2020"): 40, (B, "2018–2020"): 50}
    first = published("r1", declared(bins=[(2018, 2020)], total=None), figures)
    second = published("r2", declared(bins=[(2021, 2022)], total=None), {(A, "2021–2022"): 33, (B, "2021–2022"): 44})
    now = declared(bins=[(2018, 2021)], total=None)
    with pytest.raises(AuditFailed):
        next_release(now, {(A, "2018–2021"): 44, (B, "2018–2021"): 90}, first, second)


def test_a_year_to_date_reveals_the_months_since_the_last_release():
    spring = declared(coverage=("2020-01-01", "2020-04-30"))
    before = published("r1", spring, counts(alder=30, birch=40))
    summer = declared(coverage=("2020-01-01", "2020-05-31"))
    with pytest.raises(AuditFailed) as caught:
        next_release(summer, counts(alder=34, birch=60), before)
    assert caught.value.slug == "recoverable-with-earlier-releases"
    assert blanks(next_release(summer, counts(alder=50, birch=60), before)) == set()


def test_regrouped_categories_are_seen_for_what_they_are():
    """Alder and Birch were one category; now Birch alone is shown, and what is left is Alder."""
    merged = declared(clinics={"North": ["Alder", "Birch"], "South": ["Cedar"]}, total=None)
    before = published("r1", merged, {("North", "2020"): 28, ("South", "2020"): 30})
    apart = declared(clinics={"Birch": ["Birch"], "South": ["Cedar"]}, total=None)
    with pytest.raises(AuditFailed) as caught:
        next_release(apart, {("Birch", "2020"): 25, ("South", "2020"): 30}, before)
    assert caught.value.slug == "recoverable-with-earlier-releases"


def test_a_renamed_label_is_the_same_category():
    dataset = declared()
    before = published("r1", dataset, FIGURES, blank=[(A, "2020"), (D, "2020")])
    renamed = declared(clinics={"Alder Clinic": ["Alder"], "Birch": ["Birch"], "Cedar": ["Cedar"], "Doyle": ["Doyle"]})
    figures = {("Alder Clinic" if clinic == A else clinic, year): n for (clinic, year), n in FIGURES.items()}
    assert blanks(next_release(renamed, figures, before)) == {("Alder Clinic", "2020"), (D, "2020")}


def test_a_revised_total_is_read_both_ways():
    """The total was 77 and is 80. Doyle, hidden at first, is shown now unchanged: with the *old* total Alder follows."""
    dataset = declared()
    before = published("r1", dataset, counts(alder=5, birch=20, cedar=22, doyle=30), blank=[(A, "2020"), (D, "2020")])
    revised = counts(alder=5, birch=20, cedar=25, doyle=30)
    from include.opendata.disclosure.attack.readings import views_with_earlier
    from include.opendata.disclosure.history.joint import joint_cells

    now = published("upcoming", dataset, revised, blank=[(A, "2020"), (C, "2020")])
    (joint,) = joint_cells([before, now], dataset="clinic_visits")
    from include.opendata.disclosure.attack import attack

    views = views_with_earlier(joint, rule=RULE, dataset="clinic_visits")
    verdicts = {base: attack(view).passed for base, view, _ in views}
    assert verdicts["r1"] is False, "with the total as it was, and Doyle as it is now, Alder follows"


def test_readings_that_contradict_are_set_aside_and_the_rest_is_kept():
    from include.opendata.disclosure.attack.readings import views_with_earlier
    from include.opendata.disclosure.attack.view import SHOWN
    from include.opendata.disclosure.history.joint import joint_cells

    dataset = declared()
    before = published("r1", dataset, counts(alder=40, birch=20, cedar=22, doyle=30))
    now = published(
        "upcoming", dataset, counts(alder=5, birch=20, cedar=22, doyle=30), blank=[(A, "2020"), (D, "2020")]
    )
    (joint,) = joint_cells([before, now], dataset="clinic_visits")
    (_, view, set_aside), *_ = views_with_earlier(joint, rule=RULE, dataset="clinic_visits")
    assert set_aside == 1, "40 is more than the total leaves; 30 agrees"
    assert int((view.state != SHOWN).sum()) == 1


def test_the_memory_of_a_release_is_what_was_published_and_nothing_else():
    dataset = declared()
    figures = counts(alder=5, birch=4877, cedar=6000, doyle=7000)
    release = published("r1", dataset, figures, blank=[(A, "2020"), (B, "2020")])
    kept = type(release.tables[0]).from_bytes(release.tables[0].to_bytes())
    assert "4877" not in kept.text and "4877" not in str(kept.described())
    assert kept.frame["Persons"].isna().sum() == 2
    assert np.array_equal(kept.frame["Persons"].dropna(), [6000, 7000, 17882])


def test_the_last_pattern_is_kept_even_where_fewer_blanks_would_do():
    dataset = declared()
    before = published("r1", dataset, FIGURES, blank=[(A, "2020"), (C, "2020"), (D, "2020")])
    assert blanks(next_release(dataset, FIGURES, before)) == {(A, "2020"), (C, "2020"), (D, "2020")}


@pytest.mark.parametrize("seed", range(8))
def test_where_figures_changed_what_did_not_change_stays_shown(seed):
    """Cedar and the total were revised; Birch was shown and is as it was, so it hides nothing."""
    from include.opendata.disclosure.history.earlier import earlier_figures
    from include.opendata.disclosure.history.extents import table_extents
    from include.opendata.disclosure.protect.continuity import Follow
    from include.opendata.disclosure.protect.tables import protect_tables
    from include.opendata.disclosure.protection import protection_policy

    dataset = declared().model_copy(update={"seed": seed})
    before = published("r1", dataset, FIGURES, blank=[(A, "2020"), (D, "2020")])
    table = true_table(dataset, counts(alder=5, birch=20, cedar=23, doyle=30))
    known = earlier_figures([before], [table], table_extents(dataset, [table.structure]), dataset=dataset.dataset)
    policy = protection_policy(dataset)
    (made,), _ = protect_tables([table], policy, masked=True, dataset="clinic_visits", follow=Follow(known, "shown"))
    shown = dict(zip(made.frame["Clinic"], made.frame["Persons"].notna(), strict=True))
    assert shown[B]
    assert not shown[A]


@pytest.mark.parametrize("large_from", [800, 0], ids=["as a small table", "as a large table"])
def test_readings_that_contradict_only_through_several_equations_are_set_aside(monkeypatch, large_from):
    """Two by two, all totals 10: the corner cells are equal, so one of the readings 3 and 5 is wrong."""
    from include.opendata.disclosure.attack import readings
    from include.opendata.disclosure.attack.readings import _together
    from include.opendata.disclosure.attack.view import ABSENT, BLANK, NOT_SHOWN, SHOWN, PublishedView

    sums = ((4, (0, 1)), (5, (2, 3)), (6, (0, 2)), (7, (1, 3)))
    keys = tuple((str(n),) for n in range(8))
    margins = [10] * 4
    base = PublishedView(
        value=np.array([NOT_SHOWN] * 4 + margins),
        state=np.array([BLANK] * 4 + [SHOWN] * 4),
        equations=sums,
        keys=keys,
        rule=RULE,
    )
    other = PublishedView(
        value=np.array([3, NOT_SHOWN, NOT_SHOWN, 5, *[NOT_SHOWN] * 4]),
        state=np.array([SHOWN, ABSENT, ABSENT, SHOWN, *[ABSENT] * 4]),
        equations=sums,
        keys=keys,
        rule=RULE,
    )
    monkeypatch.setattr(readings, "WHOLE_UP_TO", large_from)
    view, set_aside = _together(base, [other])
    assert set_aside == 1
    assert [view.value[0], view.state[3]] == [3, BLANK]


@pytest.mark.parametrize("large_from", [800, 0], ids=["as a small table", "as a large table"])
@pytest.mark.parametrize(("told", "set_aside"), [(15, 0), (16, 1)])
def test_a_sum_no_table_can_have_is_set_aside_and_one_that_some_table_has_is_believed(
    monkeypatch, large_from, told, set_aside
):
    """Every two of three counts add up to 10, so all three make 15; no equation by itself says so."""
    from include.opendata.disclosure.attack import readings
    from include.opendata.disclosure.attack.view import ABSENT, BLANK, NOT_SHOWN, SHOWN, PublishedView

    sums = ((3, (0, 1)), (4, (1, 2)), (5, (0, 2)), (6, (0, 1, 2)))
    keys = tuple((str(n),) for n in range(7))
    base = PublishedView(
        value=np.array([NOT_SHOWN] * 3 + [10] * 3 + [NOT_SHOWN]),
        state=np.array([BLANK] * 3 + [SHOWN] * 3 + [ABSENT]),
        equations=sums,
        keys=keys,
        rule=RULE,
    )
    other = PublishedView(
        value=np.array([NOT_SHOWN] * 6 + [told]),
        state=np.array([ABSENT] * 6 + [SHOWN]),
        equations=sums,
        keys=keys,
        rule=RULE,
    )
    monkeypatch.setattr(readings, "WHOLE_UP_TO", large_from)
    view, aside = readings._together(base, [other])
    assert aside == set_aside
    assert bool(view.state[6] == SHOWN) is (set_aside == 0)


@pytest.mark.parametrize("then", [11, 20])
def test_a_code_says_what_it_said_when_it_was_published(then):
    """Alder and Birch are 28 together. By codes of 1 to 19 Alder has eleven values; whoever knows from a release before that
    it is at most 10, and Birch at most 19, is left with two."""
    dataset = declared(annotation="separate").model_copy(update={"small_cells_below": 20})
    figures = counts(alder=10, birch=18, cedar=50, doyle=60)
    first = published("r1", dataset, figures, blank=[(A, "2020"), (B, "2020")])
    (table,) = first.tables
    text = table.text if then == 11 else table.text.replace("Birch,2020,,2", "Birch,2020,,1")
    first = replace(
        first,
        tables=(PublishedTable(table.structure, table.extents, "separate", text, PublishedLimits.of_today(then)),),
    )
    if then == 20:
        assert blanks(next_release(dataset, figures, first)) == {(A, "2020"), (B, "2020")}
        return
    with pytest.raises(AuditFailed) as caught:
        next_release(dataset, figures, first)
    assert caught.value.slug == "recoverable-with-earlier-releases"


def counting(release, *measures):
    (table,) = release.tables
    header, *lines = table.text.splitlines()
    columns = "".join(f",{m.name},{m.name}_annotation" for m in measures)
    text = "\n".join(
        [f"Clinic,Year{columns}", *(",".join([*line.split(",")[:2], *(",1",) * len(measures)]) for line in lines)]
    )
    assert header.startswith("Clinic,Year,")
    return replace(
        release, tables=(replace(table, structure=replace(table.structure, measures=measures), text=text + "\n"),)
    )


@pytest.mark.parametrize(
    ("before", "comparable"),
    [
        ((TableMeasure("Persons", "count", "count_distinct:id", True),), True),
        ((TableMeasure("People", "count", "count:records", True),), True),
        ((TableMeasure("People", "count", "count_distinct:id", True),), False),
        (
            (
                TableMeasure("People", "count", "count_distinct:id", True),
                TableMeasure("Persons", "count", "count:records", True),
            ),
            True,
        ),
    ],
)
def test_a_count_in_the_place_of_one_that_is_gone_is_refused(before, comparable):
    """It may count the same persons: under another name and made in another way nobody would lay the two side by side."""
    dataset = declared()
    releases = [
        counting(published("r1", dataset, FIGURES), *before),
        replace(published("r2", dataset, FIGURES), release="r2"),
    ]
    if comparable:
        assert [joint.cells.identity for joint in joint_cells(releases, dataset="d")] == ["count:records"]
        return
    with pytest.raises(Refused) as refused:
        joint_cells(releases, dataset="d")
    assert refused.value.slug == "count-replaced"
    assert "Persons was never published, and People that was is gone" in refused.value.what
