"""Totals, strata, tokens and rates of strangers' tables: what is taken, what is looked for and what is refused."""

from __future__ import annotations

import pytest

from include.opendata.disclosure.long_tables import AuditRequest, audit_records, records_of_text
from include.opendata.errors import OpendataError
from tests.lib.rules import RULE


def audited(text: str, *dimensions: str, counts: tuple[str, ...] = ("N",), **more):
    files = [records_of_text(part.lstrip(), f"t{n}.csv") for n, part in enumerate(text.split("---\n"))]
    return audit_records(files, AuditRequest(counts, dimensions, RULE, **more))


def learned(audit) -> dict[tuple[str, ...], tuple[int, int]]:
    return {audit.cells.labels[f.cell]: (f.low, f.high) for f in audit.failing_cells}


def refusal(text: str, *dimensions: str, **more) -> OpendataError:
    with pytest.raises(OpendataError) as error:
        audited(text, *dimensions, **more)
    return error.value


@pytest.mark.parametrize("total", ["Total", "All", "Both sexes", "Statewide", "All ages", "Overall", "TOTAL"])
def test_a_label_that_looks_like_a_total_is_named_or_refused(total):
    few = f"County,Sex,N\na,f,<11\na,m,<11\na,{total},12\n"
    refused = refusal(few, "County", "Sex")
    assert refused.slug == "total-not-named"
    assert refused.place.line == 4
    assert f'--dimension "Sex:{total}"' in refused.remedy
    assert not audited(few, "County", f"Sex:{total}").failing_cells
    assert audited(few, "County", "Sex", categories=(f"Sex:{total}",)).sums == ()


def test_a_total_by_another_name_is_found_by_its_figures_or_asked_for():
    """Both of two counties have one hidden count: the figures allow that the label is the total, and prove nothing."""
    three = "County,Sex,N\na,f,<11\na,m,40\na,w,45\nb,f,33\nb,m,<11\nb,w,41\n"
    assert refusal(three, "County", "Sex").slug == "total-not-named"
    assert learned(audited(three, "County", "Sex:w")) == {("a", "f"): (5, 5), ("b", "m"): (8, 8)}
    more = three + "".join(f"c{n},f,{30 + n}\nc{n},m,{50 + 3 * n}\nc{n},w,{80 + 4 * n}\n" for n in range(4))
    audit = audited(more, "County", "Sex")
    assert learned(audit) == {("a", "f"): (5, 5), ("b", "m"): (8, 8)}
    assert [each.sentence for each in audit.sums] == ["Sex: “w” is f, m (found in the figures)"]


def test_totals_that_do_not_add_up_are_named_by_line_and_difference():
    refused = refusal("Sex,N\nf,40\nm,30\nu,<11\nTotal,90\n", "Sex:Total")
    assert refused.slug == "published-figures-contradict"
    assert "line 5: the total (Total) is 10 more than its parts can be" in refused.details[0]
    assert "--totals at-most" in refused.remedy


def test_a_total_may_hold_more_than_its_parts():
    text = "Sex,N\nf,40\nm,<11\nTotal,60\n"
    assert refusal(text, "Sex:Total").slug == "published-figures-contradict"
    audit = audited(text, "Sex:Total", totals="at-most")
    assert not audit.failing_cells
    assert learned(audited("Sex,N\nf,40\nm,<11\nTotal,42\n", "Sex:Total", totals="at-most")) == {("m",): (1, 2)}


def test_a_category_without_a_row_is_a_count_like_any_other():
    """Two counties: 3 unknown in one can be added up, though no row says so."""
    text = "County,Sex,N\na,f,40\na,m,30\na,Total,73\nb,f,20\nb,m,25\nb,Total,45\n"
    assert learned(audited(text, "County", "Sex:Total", unshown=("Sex",))) == {("a", "(not shown)"): (3, 3)}
    assert refusal(text, "County", "Sex:Total", unshown=("County",)).slug == "bad-dimension"


def test_rounded_figures_are_off_by_the_tolerance():
    text = "Sex,N\nf,40\nm,*\nTotal,45\n"
    assert learned(audited(text, "Sex:Total")) == {("m",): (5, 5)}
    assert learned(audited(text, "Sex:Total", tolerance=1)) == {("m",): (4, 6)}
    assert learned(audited(text, "Sex:Total", tolerance=4, annotation="combined")) == {}


@pytest.mark.parametrize(("rows", "by"), [("f,40\nm,30\nTotal,90", "20 more"), ("f,40\nm,70\nTotal,90", "20 less")])
def test_what_is_off_by_more_than_the_tolerance_is_named(rows, by):
    refused = refusal(f"Sex,N\n{rows}\nu,0\n", "Sex:Total", tolerance=3)
    assert refused.slug == "published-figures-contradict"
    assert len(refused.details) == 1
    assert "the total (Total)" in refused.details[0]
    assert by.split()[1] in refused.details[0]


def test_sums_that_go_in_a_circle_are_read_as_they_stand():
    audit = audited("G,N\na,30\nb,30\nc,0\nd,0\ne,<11\n", "G", sums=("G:a=b|c", "G:b=a|d"), categories=("G:e",))
    assert not audit.failing_cells


def test_a_sum_is_named_label_by_label():
    text = "Group,N\nf,40\nm,<11\n0-64,20\n65+,25\nEverybody,45\n"
    audit = audited(text, "Group", sums=("Group:Everybody=f|m", "Group:Everybody=0-64|65+"))
    assert learned(audit) == {("m",): (5, 5)}
    for wrong in ("Group:Everybody", "Group:Everybody=f|x", "Place:Everybody=f", "Group:Everybody=Everybody"):
        assert refusal(text, "Group", sums=(wrong,)).slug == "bad-dimension"


def test_strata_whose_total_has_no_row_share_it_all_the_same():
    text = "Strata,Name,N\nSex,f,30\nSex,m,<11\nAge,0-64,18\nAge,65+,17\n"
    assert refusal(text, "Strata", "Name").slug == "strata-not-named"
    assert learned(audited(text, strata=("Strata/Name",))) == {("Sex", "m"): (5, 5)}


def test_strata_with_a_total_row_each_are_one_total():
    text = "Strata,Name,N\nSex,f,30\nSex,m,<11\nSex,Total,<11\nAge,0-64,18\nAge,65+,17\nAge,Total,35\n"
    audit = audited(text.replace("Sex,Total,<11", "Sex,Total,*"), strata=("Strata/Name:Total",), annotation="combined")
    assert learned(audit) == {("Sex", "m"): (5, 5)}


def test_hidden_labels_beside_a_total_of_others_are_asked_for():
    rows = "".join(f"c{n},x,{20 + n}\nc{n},y,{40 + 5 * n}\nc{n},T,{60 + 6 * n}\nc{n},z,<11\n" for n in range(6))
    assert refusal("County,G,N\n" + rows, "County", "G").slug == "label-in-no-total"
    assert not audited("County,G,N\n" + rows, "County", "G", categories=("G:z",)).failing_cells


def test_a_count_that_goes_on_is_asked_for_and_its_steps_are_counts():
    text = "Month,Cumulative\n1,40\n2,44\n3,90\n"
    assert refusal(text, "Month", counts=("Cumulative",)).slug == "running-count-not-named"
    audit = audited(text, "Month", counts=("Cumulative",), running=("Month",))
    assert learned(audit) == {("after 1, up to 2",): (4, 4)}


def test_overlapping_periods_are_sums_of_years():
    """24 in 2019-2021, less 30 in 2018-2020, and 14 in 2018: eight in 2021."""
    text = "Years,N\n2018-2020,30\n2019-2021,24\n2018,14\n2021,*\n"
    assert learned(audited(text, "Years", annotation="combined")) == {("2021",): (8, 8)}
    assert learned(audited(text.replace("2018,14\n", ""), "Years", annotation="combined")) == {}


def test_columns_of_counts_are_read_together_and_their_total_is_found():
    rows = "".join(f"f{n},{20 + n},{31 + 3 * n},{51 + 4 * n}\n" for n in range(5))
    audit = audited(
        "Facility,Men,Women,Everyone\n" + rows + "x,<11,30,37\n", "Facility", counts=("Men", "Women", "Everyone")
    )
    assert learned(audit) == {("x", "Men"): (7, 7)}


def test_two_files_share_the_total_that_neither_has():
    text = "Sex,N\nf,30\nm,<11\n---\nAge,N\n0-64,18\n65+,17\n"
    assert refusal(text, "Sex", "Age").slug == "no-such-column"
    audit = audited(text, "Sex:All", "Age:All", search=False)
    assert learned(audit) == {("m", "All"): (5, 5)}


def test_files_that_show_different_counts_of_a_cell_are_told_apart():
    refused = refusal("Sex,N\nf,30\nm,40\n---\nSex,N\nf,30\nm,43\n", "Sex")
    assert refused.slug == "published-figures-contradict"
    assert "differ by 3" in refused.what
    assert (refused.place.file, refused.place.line) == ("t1.csv", 3)


RATES = "County,N,Pop,Rate\na,<11,400,1.8\nb,90,900,10.0\nc,26,700,3.7\nd,31,800,3.9\n"


def test_a_rate_is_recognised_and_used():
    audit = audited(RATES, "County")
    assert learned(audit) == {("a",): (7, 7)}
    assert "Rate is per 100 of Pop (recognised by the rows that show both)" in [s.sentence for s in audit.beside.shares]


def test_percentages_of_a_total_are_recognised_and_used():
    text = "Sex,N,Share\nf,60,60.0\nm,*,7.0\nx,33,33.0\nTotal,100,100.0\n"
    audit = audited(text + "", "Sex:Total", annotation="combined", totals="at-most")
    assert learned(audit) == {("m",): (7, 7)}


def test_coded_percentages_bound_their_count():
    """95 % and more of 9 pupils is all of them; of 19, 18 or 19, which is not small."""
    text = "School,N,Enrollment,Percent\na,*,19,≥95%\nb,30,60,50\nc,22,88,25\nd,40,50,80\n"
    assert learned(audited(text, "School", annotation="combined")) == {}
    assert learned(audited(text.replace("a,*,19", "a,*,9"), "School", annotation="combined")) == {("a",): (9, 9)}


def test_numbers_beside_hidden_counts_that_no_one_explains_are_refused():
    text = RATES.replace("Rate", "Lower").replace("1.8", "1.1").replace("3.7", "2.2")
    refused = refusal(text, "County")
    assert refused.slug == "column-not-understood"
    assert "--ignore" in refused.remedy
    assert "Lower" in audited(text, "County", ignored=("Lower",)).beside.not_looked_at


def test_a_blank_may_be_zero_where_the_totals_allow_nothing_else():
    audit = audited("Sex,N\nf,20\nm,<11\nx,<11\nTotal,21\n", "Sex:Total")
    assert audit.zeros_hidden
    assert learned(audit) == {("m",): (0, 1), ("x",): (0, 1)}


def test_a_second_code_that_stands_for_small_counts_is_read_as_the_totals_allow():
    """A hidden total of 1 to 10 cannot have a part of 11 and more."""
    text = "Sex,N,N_annotation\nf,,2\nm,,1\nTotal,,1\n"
    audit = audited(text, "Sex:Total")
    assert audit.annotation == "separate"
    assert not audit.zeros_hidden
    assert not audit.failing_cells


def test_a_remark_beside_a_count_is_no_dimension_and_hides_no_total():
    text = "Sex,N,Note\nf,30,\nm,<11,masked\nTotal,35,\n"
    assert learned(audited(text, "Sex:Total")) == {("m",): (5, 5)}


def test_everything_that_is_hidden_is_attacked_with_large_tables_too():
    """Beyond 800 hidden counts other means are used; strata are steered by columns of their own."""
    lines = ["County,Strata,Name,N"]
    for n in range(300):
        f, m, y = 20 + n % 7, 1 + n % 9, 11 + n % 5
        o = f + m - y
        lines += [f"{n},All,All,{f + m}", f"{n},Sex,f,*", f"{n},Sex,m,*", f"{n},Age,y,*", f"{n},Age,o,{o}"]
    audit = audited("\n".join(lines) + "\n", "County", strata=("Strata/Name:All",), annotation="combined")
    assert len(learned(audit)) == 0
    assert audit.verdicts["safe_by_lp"] == 300


@pytest.mark.parametrize(
    "label",
    ["Grand Total", "Sub-total", "All-cause", "all_ages", "_T", "000", "Countywide", "Both sexes combined", "TOTAL - ALL",
     "(blank)", "State total", "California", "U.S."],
)  # fmt: skip
def test_words_for_totals_are_known(label):
    text = f"Sex,N\nf,<11\n{'' if label == '(blank)' else label},12\n"
    assert refusal(text, "Sex").slug == "total-not-named"


def test_a_total_by_any_name_is_asked_for_where_the_figures_allow_it():
    assert refusal("County,N\na,<11\nb,40\nc,33\nEvery place,78\n", "County").slug == "total-not-named"
    assert audited("County,N\na,<11\nb,40\nc,33\nd,20\n", "County").sums == ()


def test_a_column_that_is_the_sum_of_the_counts_is_their_total():
    """Pupils of a school by category, beside all of its pupils."""
    rows = [(f"s{n}", 20 + n, 30 + 2 * n, 15 + 5 * n) for n in range(4)]
    lines = [f"{s},{k},{c},{a + b + d}" for s, a, b, d in rows for k, c in zip("xyz", (a, b, d), strict=True)]
    text = "\n".join(["School,Kind,N,Enrollment", *lines, "t,x,*,57", "t,y,30,57", "t,z,20,57"]) + "\n"
    audit = audited(text, "School", "Kind", annotation="combined")
    assert learned(audit) == {("t", "x"): (7, 7)}
    assert [each.sentence for each in audit.sums] == ["Kind: “(Enrollment)” is x, y, z (found in the figures)"]
