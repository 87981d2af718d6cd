from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.consensus.agreement import cohen_kappa, krippendorff_alpha, percent_agreement
from ledger.consensus.answers import votes_of
from ledger.errors import FieldError
from tests.unit.consensus.label_sets import read


def table(*rows: str) -> dict[str, dict[str, str]]:
    """One row a rater, one column a unit, ``*`` where nothing was said."""
    found: dict[str, dict[str, str]] = {}
    for rater, row in enumerate(rows):
        for unit, value in enumerate(row.split()):
            if value != "*":
                found.setdefault(f"u{unit}", {})[f"r{rater}"] = value
    return found


# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": sections A, B and C to E.
BINARY = table("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
NOMINAL = table("a a b b d c c c e d d a", "b a b b b c c c e d d d")
MANY = table(
    "1 2 3 3 2 1 4 1 2 * * *",
    "1 2 3 3 2 2 4 1 2 5 * 3",
    "* 3 3 3 2 3 4 2 2 5 1 *",
    "1 2 3 3 2 4 4 1 2 5 1 *",
)
ORDER = list("12345")


@pytest.mark.parametrize(
    ("ratings", "level", "published"),
    [
        (BINARY, "nominal", "0.095"),
        (NOMINAL, "nominal", "0.692"),
        (MANY, "nominal", "0.743"),
        (MANY, "ordinal", "0.815"),
        (MANY, "interval", "0.849"),
    ],
)
def test_the_published_examples(ratings, level, published):
    assert f"{float(krippendorff_alpha(ratings, level, ORDER)):.3f}" == published


def by_the_definition(ratings, level, order):
    """Section E word for word: coincidences of values within units, pair by pair."""
    coincidences: dict[tuple[str, str], Fraction] = {}
    for given_values in ratings.values():
        values = list(given_values.values())
        for one in range(len(values)):
            for other in range(len(values)):
                if one != other:
                    pair = (values[one], values[other])
                    coincidences[pair] = coincidences.get(pair, Fraction()) + Fraction(1, len(values) - 1)
    totals = {value: sum(n for (one, _), n in coincidences.items() if one == value) for value in order}
    n = sum(totals.values())

    def distance(one, other):
        low, high = sorted((order.index(one), order.index(other)))
        if level == "nominal":
            return int(one != other)
        if level == "interval":
            return (Fraction(one) - Fraction(other)) ** 2
        return (sum(totals[order[g]] for g in range(low, high + 1)) - (totals[one] + totals[other]) / Fraction(2)) ** 2

    observed = sum(n * distance(*pair) for pair, n in coincidences.items())
    expected = sum(totals[one] * totals[other] * distance(one, other) for one in order for other in order)
    return None if expected == 0 else 1 - (n - 1) * observed / expected


RATINGS = st.dictionaries(
    st.sampled_from("uvwxyz"), st.dictionaries(st.sampled_from("abcd"), st.sampled_from(ORDER), max_size=4), max_size=6
)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(RATINGS)
def test_counts_and_moments_give_what_the_definition_gives(level, ratings):
    assert krippendorff_alpha(ratings, level, ORDER) == by_the_definition(ratings, level, ORDER)


def test_where_there_is_nothing_to_compare():
    assert krippendorff_alpha({}) is None
    assert krippendorff_alpha(table("1 2 3")) is None
    assert krippendorff_alpha(table("1 1", "1 1")) is None
    assert percent_agreement(table("1 2")) is None
    assert cohen_kappa(table("1 1", "1 1"), "r0", "r1") is None
    assert cohen_kappa(BINARY, "r0", "nobody") is None


def test_values_without_a_place_are_named():
    with pytest.raises(FieldError, match="'5'"):
        krippendorff_alpha(MANY, "ordinal", ["1", "2", "3", "4"])
    for value in ("a", "1/3", "1e999", "٣", "--1", "1.", "", "9" * 40):
        with pytest.raises(FieldError, match="decimal"):
            krippendorff_alpha({"u": {"a": value, "b": "1"}}, "interval")
    assert krippendorff_alpha({"u": {"a": "-1.5", "b": "1"}}, "interval") == 0


def test_pairs_and_kappa():
    assert percent_agreement(BINARY) == Fraction(6, 10)
    assert percent_agreement(table("1 1", "1 2", "1 *")) == Fraction(6, 8)
    # Cohen's kappa by hand: 0.6 observed; 0.8 * 0.6 + 0.2 * 0.4 = 0.56 by chance.
    assert cohen_kappa(BINARY, "r0", "r1") == (Fraction(6, 10) - Fraction(56, 100)) / (1 - Fraction(56, 100))


@pytest.mark.long
@pytest.mark.parametrize("name", ["rte", "temporal", "bluebirds"])
def test_other_implementations_say_the_same(name):
    krippendorff = pytest.importorskip("krippendorff")
    metrics = pytest.importorskip("sklearn.metrics")
    ratings = votes_of(read(name)[0])
    people = sorted({who for given_values in ratings.values() for who in given_values})
    values = sorted({value for given_values in ratings.values() for value in given_values.values()})
    code = {value: number for number, value in enumerate(values)}
    matrix = [[code.get(ratings[task].get(who)) for task in ratings] for who in people]
    counted = [[float("nan") if value is None else value for value in row] for row in matrix]
    numbers = {task: {who: str(code[value]) for who, value in given.items()} for task, given in ratings.items()}
    for level in ("nominal", "ordinal", "interval"):
        theirs = krippendorff.alpha(reliability_data=counted, level_of_measurement=level)
        assert float(krippendorff_alpha(numbers, level, [str(n) for n in range(len(values))])) == pytest.approx(theirs)
    one, other = sorted(people, key=lambda who: -sum(who in given for given in ratings.values()))[:2]
    both = [task for task in ratings if one in ratings[task] and other in ratings[task]]
    theirs = metrics.cohen_kappa_score([ratings[t][one] for t in both], [ratings[t][other] for t in both])
    assert float(cohen_kappa(ratings, one, other)) == pytest.approx(theirs)
