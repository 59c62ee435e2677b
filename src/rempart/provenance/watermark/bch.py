"""The binary BCH code (127, 64): 64 bits become 127, of which any 10 may turn over.

Written from the textbook: GF(2^7) with the primitive polynomial x^7 + x^3 + 1; the generator is the product of the
minimal polynomials of alpha^1 … alpha^20 (degree 63); decoding by syndromes, Berlekamp and Massey's algorithm and
Chien's search. Words are Python integers, the coefficient of x^i in bit i; the message stands in the upper 64 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

LENGTH, MESSAGE, CORRECTS = 127, 64, 10
_CHECKS = LENGTH - MESSAGE
_ORDER = 127  # of the multiplicative group
_PRIMITIVE = 0b10001001


def _powers() -> tuple[list[int], list[int]]:
    exp, log, value = [0] * (2 * _ORDER), [0] * (_ORDER + 1), 1
    for power in range(_ORDER):
        exp[power] = exp[power + _ORDER] = value
        log[value] = power
        value <<= 1
        if value > _ORDER:
            value ^= _PRIMITIVE
    return exp, log


_EXP, _LOG = _powers()
_VALUES = np.array(_EXP, dtype=np.uint8)
_SHIFTS = np.array([[(_ORDER - place) * power % _ORDER for place in range(_ORDER)] for power in range(CORRECTS + 1)])
"""What the power of a coefficient adds to its logarithm at the inverse of alpha^place: (power, place)."""


def _times(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _minimal(power: int) -> int:
    """The minimal polynomial of alpha^power, over GF(2)."""
    roots, one = [], power
    while one not in roots:
        roots.append(one)
        one = one * 2 % _ORDER
    product = [1]
    for root in roots:
        shifted = [0, *product]
        product = [high ^ _times(low, _EXP[root]) for high, low in zip(shifted, [*product, 0], strict=True)]
    return sum(bit << place for place, bit in enumerate(product))


def _carryless(a: int, b: int) -> int:
    found = 0
    while b:
        if b & 1:
            found ^= a
        a, b = a << 1, b >> 1
    return found


def _generator() -> int:
    return reduce(_carryless, sorted({_minimal(power) for power in range(1, 2 * CORRECTS + 1)}))


GENERATOR = _generator()
_SYNDROMES = np.array(
    [[_EXP[power * place % _ORDER] for power in range(1, 2 * CORRECTS + 1)] for place in range(LENGTH)], dtype=np.uint8
)
"""What a turned bit adds to the syndromes: uint8 (127, 20)."""


def encode(message: int) -> int:
    """The code word of a message of 64 bits. Raises ValueError for a longer one."""
    if not 0 <= message < 1 << MESSAGE:
        raise ValueError("a message has 64 bits")
    return message << _CHECKS | _remainder(message << _CHECKS)


def message_of(word: int) -> int:
    """The message in a code word."""
    return word >> _CHECKS


def is_word(word: int) -> bool:
    """Whether it is a code word."""
    return _remainder(word) == 0


def syndromes(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The 20 syndromes of 127 bits, the coefficient of x^i at i; all zero for a code word alone."""
    found: NDArray[np.uint8] = np.bitwise_xor.reduce(_SYNDROMES[bits.astype(bool)], axis=0, initial=0)
    return found


def turned(place: int) -> NDArray[np.uint8]:
    """What turning the bit at a place adds to the syndromes."""
    found: NDArray[np.uint8] = _SYNDROMES[place]
    return found


def errors(found: NDArray[np.uint8]) -> Sequence[int] | None:
    """The places, 10 at most, at which bits are wrong, from their syndromes; None when they are more than that."""
    if not found.any():
        return ()
    locator = _berlekamp_massey([int(one) for one in found])
    degree = len(locator) - 1
    if degree > CORRECTS:
        return None
    places = _roots(locator)
    return places if len(places) == degree else None


def decode(bits: NDArray[np.uint8]) -> int | None:
    """The code word nearest to 127 bits, when at most 10 of them are wrong; else None."""
    places = errors(syndromes(bits))
    if places is None:
        return None
    word = sum(1 << int(place) for place in np.flatnonzero(bits))
    return reduce(lambda one, place: one ^ (1 << place), places, word)


def _remainder(word: int) -> int:
    degree = GENERATOR.bit_length() - 1
    while (excess := word.bit_length() - 1 - degree) >= 0:
        word ^= GENERATOR << excess
    return word


def _berlekamp_massey(found: Sequence[int]) -> list[int]:
    """The shortest polynomial whose roots explain the syndromes, its coefficient of x^i at i."""
    now, before, length, gap, last = [1], [1], 0, 1, 1
    for step, syndrome in enumerate(found):
        wrong = syndrome
        for place in range(1, min(length, len(now) - 1) + 1):
            wrong ^= _times(now[place], found[step - place])
        if not wrong:
            gap += 1
            continue
        factor = _EXP[_LOG[wrong] - _LOG[last] + _ORDER]
        size = max(len(now), len(before) + gap)
        fixed = now + [0] * (size - len(now))
        for place, one in enumerate(before):
            fixed[place + gap] ^= _times(factor, one)
        if 2 * length <= step:
            now, before, length, last, gap = fixed, now, step + 1 - length, wrong, 1
        else:
            now, gap = fixed, gap + 1
    while now[-1] == 0:
        now.pop()
    return now


def _roots(locator: Sequence[int]) -> list[int]:
    """The places at which the inverse of alpha^place is a root."""
    powers = [power for power, one in enumerate(locator) if one]
    logs = np.array([_LOG[locator[power]] for power in powers])
    values = np.bitwise_xor.reduce(_VALUES[logs[:, None] + _SHIFTS[powers]], axis=0)
    return [int(place) for place in np.flatnonzero(values == 0)]
