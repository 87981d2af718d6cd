"""Logarithms in whole numbers: the same on every machine, which floating point does not promise."""

from __future__ import annotations

from typing import Final

_FRACTION_BITS: Final = 16
BIT: Final = 1 << _FRACTION_BITS
"""One bit of evidence (a doubling of the odds), the unit of ``log2`` being 1/65,536 of it."""
_MANTISSA: Final = 64


def log2(numerator: int, denominator: int) -> int:
    """log2(numerator / denominator) in units of 1/65,536, at most one unit too low; both are positive.

    Turner 1958: squaring the mantissa doubles its logarithm, and each time it passes 2 the next binary digit is 1.
    """
    whole = numerator.bit_length() - denominator.bit_length()
    shift = _MANTISSA - whole
    mantissa = (numerator << max(shift, 0)) // (denominator << max(-shift, 0))
    if mantissa < 1 << _MANTISSA:
        mantissa, whole = mantissa << 1, whole - 1
    for _ in range(_FRACTION_BITS):
        mantissa = mantissa * mantissa >> _MANTISSA
        digit = mantissa >> (_MANTISSA + 1)
        mantissa >>= digit
        whole = 2 * whole + digit
    return whole
