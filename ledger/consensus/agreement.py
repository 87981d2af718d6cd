"""How far people agree beyond chance: exact fractions, in time linear in the number of ratings.

Ratings are unit -> rater -> value, as ``votes_of`` gives them; a rating that was not made is simply not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal

from ledger.errors import FieldError

Ratings = Mapping[str, Mapping[str, str]]
Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(ratings: Ratings, level: Level = "nominal", order: Sequence[str] = ()) -> Fraction | None:
    """Krippendorff's alpha: 1 is perfect agreement, 0 what chance gives, below 0 systematic disagreement.

    ``order`` lists the values from lowest to highest where the level is ``ordinal``; with ``interval`` every value is
    a decimal number. Units with fewer than two ratings do not count. None where it is not defined: nothing to
    compare, or one value only. Raises FieldError for a value without place or number.

    Source: K. Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section E. The sums over pairs are
    taken through counts and moments: for numbers, the squares of all differences in a group of m add up to
    2 (m sum x^2 - (sum x)^2); the ordinal distance is that of mid-ranks.
    """
    units = [list(given.values()) for given in ratings.values() if len(given) > 1]
    pairable = [value for unit in units for value in unit]
    if level == "nominal":
        observed = sum((Fraction(_differing(unit), len(unit) - 1) for unit in units), Fraction())
        expected = Fraction(_differing(pairable))
    else:
        place = _mid_ranks(pairable, order) if level == "ordinal" else _numbers(pairable)
        observed = sum((_spread([place[v] for v in unit]) / (len(unit) - 1) for unit in units), Fraction())
        expected = _spread([place[value] for value in pairable])
    if expected == 0:
        return None
    return 1 - (len(pairable) - 1) * observed / expected


def percent_agreement(ratings: Ratings) -> Fraction | None:
    """The share of equal pairs among all pairs of ratings of one unit, in [0, 1]; None where there is no pair."""
    units = [list(given.values()) for given in ratings.values()]
    pairs = sum(len(unit) * (len(unit) - 1) for unit in units)
    return 1 - Fraction(sum(_differing(unit) for unit in units), pairs) if pairs else None


def cohen_kappa(ratings: Ratings, first: str, second: str) -> Fraction | None:
    """Cohen's kappa of two raters over the units that both rated; None where chance alone agrees fully, or no unit.

    Source: J. Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    both = [(given[first], given[second]) for given in ratings.values() if first in given and second in given]
    ours, theirs = Counter(one for one, _ in both), Counter(other for _, other in both)
    chance = sum(count * theirs[value] for value, count in ours.items())
    if chance == len(both) ** 2:
        return None
    equal = len(both) * sum(one == other for one, other in both)
    return Fraction(equal - chance, len(both) ** 2 - chance)


def _differing(values: Sequence[str]) -> int:
    """Ordered pairs of different values."""
    return len(values) ** 2 - sum(count * count for count in Counter(values).values())


def _spread(numbers: Iterable[Fraction]) -> Fraction:
    """Squared differences of all ordered pairs, added up."""
    listed = list(numbers)
    return 2 * (len(listed) * sum((x * x for x in listed), Fraction()) - sum(listed, Fraction()) ** 2)


def _mid_ranks(values: Iterable[str], order: Sequence[str]) -> dict[str, Fraction]:
    counts = Counter(values)
    for value in sorted(counts.keys() - set(order)):
        raise FieldError(
            f"The value {value!r} has no place in the order.",
            field="order",
            remedy="List every value once, from the lowest to the highest.",
        )
    ranks: dict[str, Fraction] = {}
    below = 0
    for value in order:
        ranks[value] = below + Fraction(counts[value], 2)
        below += counts[value]
    return ranks


def _numbers(values: Iterable[str]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for value in set(values):
        plain = value.removeprefix("-").replace(".", "", 1)
        if not (plain.isascii() and plain.isdigit() and len(plain) <= 30 and value[-1] != "."):
            raise FieldError(
                f"The value {value[:40]!r} is not a decimal number.",
                field="value",
                remedy="An interval scale needs numbers such as 3 or -0.5; else take the nominal or ordinal level.",
            )
        found[value] = Fraction(value)
    return found
