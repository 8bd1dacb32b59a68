"""Hidden sums of money are not to be computed from shown ones, whatever count they are hidden with."""

import itertools
import random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from include.opendata.disclosure import computable_amounts, protection
from include.opendata.disclosure.attack import amounts
from include.opendata.disclosure.attack.amounts import recoverable_amounts
from include.opendata.errors import AuditFailed, Refused
from include.opendata.tables import atoms, tabulate
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COUNTIES = {"a": ["a"], "b": ["b"], "c": ["c"], "d": ["d"]}
REGIONS = {"north": ["a", "b"], "south": ["c", "d"]}
COLUMNS = {"county": "text", "client": "integer", "paid": "integer"}


def paid(base, name="Paid"):
    return measure(name, "sum", column="paid", of="amount", base=base)


def mean_paid(base):
    return measure("Mean", "mean", column="paid", base=base, decimals=6)


CLIENTS = measure("Clients", "count_distinct", column="client")
VISITS = measure("Visits")


def of(cuts, measures, number, total=None, annotation="combined"):
    return table([dimension("County", recode=cuts, total=total)], measures, f"table_{number}", annotation=annotation)


FEW_IN_B = {"a": 32, "b": 6, "c": 40, "d": 36}


def visits(counts, *, each=6, seed=0, most=900):
    """Records of ``counts`` clients per county who come ``each`` times; client 0 comes to every county."""
    draw = random.Random(seed)
    rows = []
    for number, (county, clients) in enumerate(counts.items()):
        who = [0, *range(1000 * (number + 1), 1000 * (number + 1) + clients - 1)]
        rows += [(county, client, draw.randint(1, most)) for client in who for _ in range(each)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def protect(folder, records, *tables):
    declared = dataset(COLUMNS, *tables, record="event")
    with warehouse_of(records, folder) as warehouse:
        known = atoms(declared, warehouse)
        made = [tabulate(declared, t.table, warehouse, atoms=known) for t in declared.tables]
    return protection.protect_and_attack(declared, made, masked=True), made


def computed(done, made, cuts):
    """How many hidden amounts of small counts a linear program pins down, from the published files and nothing of ours."""
    equal, right = [], []
    for one, groups in zip(done.tables, cuts, strict=True):
        for _, row in one.frame.iterrows():
            mask = [float(c in groups.get(row["County"], "abcd")) for c in "abcd"]
            if pd.notna(row.get("Paid")):
                equal.append(mask)
                right.append(float(row["Paid"]))
            elif "Mean" in row and pd.notna(row["Mean"]):
                base = next(m.numerator for m in one.structure.measures if m.name == "Mean")
                equal.append(mask)
                right.append(round(float(row["Mean"]) * float(row[base])))
    pinned = 0
    for one, groups in zip(done.tables, cuts, strict=True):
        for _, row in one.frame.iterrows():
            for name in {"Paid", "Mean"} & set(one.frame.columns):
                if pd.isna(row[name]) and pd.isna(row[f"{base_of(one, name)}"]):
                    mask = np.array([float(c in groups.get(row["County"], "abcd")) for c in "abcd"])
                    ends = [
                        sign * linprog(sign * mask, A_eq=equal or None, b_eq=right or None, bounds=(0, 10**7)).fun
                        for sign in (1, -1)
                    ]
                    pinned += abs(ends[1] - ends[0]) < 0.5
    return pinned


def base_of(one, name):
    return next(m.numerator for m in one.structure.measures if m.name == name)


LEAKS = {
    "persons do not add up, amounts do": (
        of(COUNTIES, [CLIENTS, paid("Clients")], 0), of(REGIONS, [CLIENTS, paid("Clients")], 1)
    ),
    "another count in the other table": (
        of(COUNTIES, [CLIENTS, paid("Clients")], 0), of(COUNTIES, [VISITS, paid("Visits")], 1, "State")
    ),
    "a mean beside its count": (
        of(COUNTIES, [CLIENTS, paid("Clients")], 0), of(COUNTIES, [VISITS, mean_paid("Visits")], 1)
    ),
    "a hidden mean": (
        of(COUNTIES, [CLIENTS, mean_paid("Clients")], 0), of(REGIONS, [VISITS, paid("Visits")], 1)
    ),
}  # fmt: skip
CUTS = {
    "persons do not add up, amounts do": (COUNTIES, REGIONS),
    "another count in the other table": (COUNTIES, COUNTIES),
    "a mean beside its count": (COUNTIES, COUNTIES),
    "a hidden mean": (COUNTIES, REGIONS),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_an_amount_hidden_with_few_clients_cannot_be_subtracted_from_shown_ones(tmp_path, monkeypatch, leak):
    records = visits(FEW_IN_B)
    done, made = protect(tmp_path, records, *LEAKS[leak])
    assert all(facts["amounts"] > 0 for facts in done.facts.values())
    assert computed(done, made, CUTS[leak]) == 0
    monkeypatch.setattr(protection, "hide_computable_amounts", lambda declared, tables: (tables, 0))
    bare, made = protect(tmp_path, records, *LEAKS[leak])
    assert computed(bare, made, CUTS[leak]) > 0, "the counts' pattern alone gives the amount away"
    assert recoverable_amounts(bare.tables)


def test_amounts_hidden_with_counts_that_add_up_need_nothing_more(tmp_path):
    records = visits(FEW_IN_B, each=1)
    done, _ = protect(tmp_path, records, of(COUNTIES, [VISITS, paid("Visits")], 0, "State"))
    assert done.facts["table_0"]["amounts"] == 0
    frame = done.tables[0].frame
    assert (frame["Paid"].isna() == frame["Visits"].isna()).all()
    assert frame["Paid"].isna().sum() == 2


def test_nothing_left_for_two_counties_tells_that_neither_paid(tmp_path):
    records = visits(FEW_IN_B, each=1)
    made = of(COUNTIES, [VISITS, paid("Visits")], 0, "State")
    first, _ = protect(tmp_path, records, made)
    blank = set(first.tables[0].frame.loc[first.tables[0].frame["Paid"].isna(), "County"])
    assert len(blank & set("abcd")) == 2
    records.loc[records["county"].isin(blank), "paid"] = 0
    done, made = protect(tmp_path, records, made)
    assert done.facts["table_0"]["amounts"] > 0
    assert computed(done, made, (COUNTIES,)) == 0


def test_what_cannot_be_put_out_of_reach_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(computable_amounts, "AMOUNT_ROUNDS", 0)
    with pytest.raises(AuditFailed) as refused:
        protect(tmp_path, visits(FEW_IN_B), *LEAKS["persons do not add up, amounts do"])
    assert refused.value.slug == "amount-recoverable"


def test_random_tables_of_amounts_give_none_away(tmp_path):
    """Every pair of cuts, bases and totals over random counties, solved as linear programs."""
    draw = random.Random(7)
    kinds = [[CLIENTS, paid("Clients")], [VISITS, paid("Visits")], [VISITS, mean_paid("Visits")]]
    tried = hidden = 0
    for first, second in itertools.product(kinds, repeat=2):
        cuts = draw.choice([(COUNTIES, REGIONS), (COUNTIES, COUNTIES), (REGIONS, COUNTIES)])
        totals = [draw.choice([None, "State"]) if m[0] is not CLIENTS else None for m in (first, second)]
        annotation = draw.choice(["combined", "separate"])
        records = visits(
            {c: draw.choice([1, 3, 5, 9, 32, 50]) for c in "abcd"}, each=draw.choice([1, 4, 30]), seed=tried
        )
        made = [
            of(cuts[k], m, k, totals[k], annotation) for k, m in enumerate((first, second))
        ]  # fmt: skip
        try:
            done, true = protect(tmp_path, records, *made)
        except AuditFailed as refused:
            assert refused.slug in ("recoverable-between-measures", "amount-recoverable")
            continue
        tried += 1
        hidden += sum(int(t.frame.isna().to_numpy().sum()) for t in done.tables)
        if annotation == "combined":
            assert computed(done, true, cuts) == 0
        else:
            assert not recoverable_amounts(done.tables)
    assert tried >= 5
    assert hidden


@pytest.mark.parametrize("dense", [True, False], ids=["dense", "sparse"])
@pytest.mark.parametrize("seed", range(12))
def test_what_follows_from_several_sums_at_once_is_found(monkeypatch, seed, dense):
    """Random sums of random parts: a part is determined exactly where no change of all parts leaves every sum as it is."""
    if not dense:
        monkeypatch.setattr(amounts, "DENSE_UP_TO", 0)
    draw = np.random.default_rng(seed)
    parts, sums = 7, 5
    inside = draw.random((sums, parts)) < 0.5
    inside[:, :2] |= ~inside.any(axis=1)[:, None]
    if seed == 0:  # a + b, b + c and a + c tell all three
        inside = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0], [0, 0, 1, 1]], dtype=bool)
        sums, parts = inside.shape
    equations = tuple((parts + s, tuple(np.flatnonzero(inside[s]).tolist())) for s in range(sums))
    true = draw.integers(1, 100, parts).astype(float)
    cells = SimpleNamespace(equations=equations)
    found = amounts._determined(cells, np.concatenate([np.full(parts, np.nan), inside @ true]))[:parts]
    rank = np.linalg.matrix_rank(inside.astype(float))
    told = [np.linalg.matrix_rank(np.vstack([inside, np.eye(parts)[k]])) == rank for k in range(parts)]
    assert found.tolist() == told
    assert seed or all(told)


@pytest.mark.parametrize(
    "other",
    [
        measure("Other", "sum", column="visits", of="amount", base="Visits"),
        measure("Other", "sum", column="visits", of="population"),
        measure("Other", "mean", column="visits", base="Visits"),
    ],
    ids=["amount", "population", "mean"],
)
def test_a_count_is_not_told_by_the_same_column_in_another_role(tmp_path, other):
    records = visits(FEW_IN_B, each=1).assign(visits=1)
    secret = of(COUNTIES, [measure("Seen", "sum", column="visits", of="events")], 0, "State")
    declared = dataset({**COLUMNS, "visits": "integer"}, secret, of(COUNTIES, [VISITS, other], 1), record="event")
    with warehouse_of(records, tmp_path) as warehouse:
        known = atoms(declared, warehouse)
        made = [tabulate(declared, t.table, warehouse, atoms=known) for t in declared.tables]
    with pytest.raises(Refused) as refused:
        protection.protect_and_attack(declared, made, masked=True)
    assert refused.value.slug == "column-in-two-roles"
