"""From a record's number to the 127 bits that stand in a picture, and back from what is left of them.

A record's number has 48 bits. With a CRC of 16 (CRC-16/CCITT-FALSE) it makes the 64 bits of a BCH message. Reading
tries the received word as it is and with its least certain bits turned (Chase's second algorithm), and believes
only a word whose CRC is right. A word that is pure chance is taken for some number with a probability of at most
`2 ** TURNED * 2.6e-5 * 2 ** -16` (2.6e-5: the share of words within 10 bits of a code word), 2.5e-8; and it is
asked only where the synchronisation pattern stands out.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark import bch

BITS = 48
"""Of a record's number."""
TURNED = 6
"""So many of the least certain bits are tried both ways."""
_CRC = 16
_TRIALS = sorted(range(1 << TURNED), key=lambda trial: (trial.bit_count(), trial))


def word_of(record: int) -> int:
    """The code word of a record's number. Raises ValueError for one of more than 48 bits."""
    if not 0 <= record < 1 << BITS:
        raise ValueError("a record's number has 48 bits")
    return bch.encode(record << _CRC | crc(record))


def record_of(soft: NDArray[np.float32]) -> int | None:
    """The record's number in 127 soft bits, the coefficient of x^i at i; None where there is none to believe.

    A soft bit is above zero for 0 and below it for 1; how far says how certain it is.
    """
    hard = (soft < 0).astype(np.uint8)
    received = sum(1 << int(place) for place in np.flatnonzero(hard))
    syndromes = bch.syndromes(hard)
    doubtful = [int(place) for place in np.argsort(np.abs(soft), kind="stable")[:TURNED]]
    for trial in _TRIALS:
        word, left = received, syndromes
        for place in (one for at, one in enumerate(doubtful) if trial >> at & 1):
            word, left = word ^ 1 << place, left ^ bch.turned(place)
        wrong = bch.errors(left)
        if wrong is None:
            continue
        for place in wrong:
            word ^= 1 << place
        message = bch.message_of(word)
        if crc(message >> _CRC) == message & (1 << _CRC) - 1:
            return message >> _CRC
    return None


def chance() -> float:
    """At most how probable it is that a word of pure chance is taken for a number."""
    near = sum(comb(bch.LENGTH, wrong) for wrong in range(bch.CORRECTS + 1))
    return (1 << TURNED) * near / 2.0 ** (bch.LENGTH - bch.MESSAGE) / (1 << _CRC)


def crc(record: int) -> int:
    """CRC-16/CCITT-FALSE over the six bytes of a record's number, the highest first."""
    found = 0xFFFF
    for byte in record.to_bytes(BITS // 8, "big"):
        found ^= byte << 8
        for _ in range(8):
            found = (found << 1 ^ (0x1021 if found & 0x8000 else 0)) & 0xFFFF
    return found
