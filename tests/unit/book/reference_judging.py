"""What follows from several judges' reviews, read a second time."""

from fractions import Fraction
from hashlib import sha256
from itertools import product
from math import floor


def exact(text):
    return Fraction(text)


def conclusion(opened, judging, second, may_ask):
    """Verdict and score in millionths; None where nothing follows yet, or never."""
    if second:
        kept = len(opened) == 1 and opened[0].verdict == "accepted" and sound(opened[0], judging)
        return ("accepted", int(exact(opened[0].score) * 10**6)) if kept else None
    if len(opened) > judging.judges or not all(sound(review, judging) for review in opened):
        return None
    missing = judging.judges - len(opened)
    if judging.criteria is not None and missing:
        return None
    said = [review.verdict for review in opened]
    ends = {
        (said + list(more)).count("accepted") >= judging.agree for more in product(["accepted", "no"], repeat=missing)
    }
    if len(ends) == 2:
        return None
    score = floor(sum(int(exact(review.score) * 10**6) for review in opened) / Fraction(len(opened)))
    if ends == {True}:
        return "accepted", score
    asked = said.count("needs_work") > said.count("rejected") and may_ask
    return "needs_work" if asked else "rejected", score


def sound(review, judging):
    if judging is None or judging.criteria is None or review.scores is None:
        return (judging is None or judging.criteria is None) and review.scores is None
    weights = [criterion.weight for criterion in judging.criteria]
    if len(weights) != len(review.scores):
        return False
    mean = sum(exact(score) * weight for score, weight in zip(review.scores, weights, strict=True)) / sum(weights)
    return floor(mean * 10**6) == exact(review.score) * 10**6


def drawn_for_second_look(decision, share):
    """The first eight bytes of the digest, as a fraction of 2**64, are below the share."""
    drawn = sha256(b"second look " + decision.encode()).hexdigest()[:16]
    return share is not None and Fraction(int(drawn, 16), 2**64) < exact(share)
