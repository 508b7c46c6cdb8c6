"""Random numbers that are a function of a key and a counter, and of nothing drawn before.

Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11,
checked against the known answers of their Random123. Normals by Box and Muller, Annals of
Mathematical Statistics 29 (1958). Every operation is elementwise on arrays of 64-bit integers, so
that the numbers of a key do not depend on the keys beside it.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]
Words = tuple[WordArray, WordArray, WordArray, WordArray]

ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(counter: Words, key: tuple[WordArray, WordArray]) -> Words:
    """Return the block of four 32-bit words of counters under keys, broadcast against each other.

    All words are held in 64 bits and below 2^32.
    """
    a, b, c, d = counter
    left, right = key
    for _ in range(ROUNDS):
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b = (second >> _HALF) ^ b ^ left, second & _WORD
        c, d = (first >> _HALF) ^ d ^ right, first & _WORD
        left, right = (left + _WEYL[0]) & _WORD, (right + _WEYL[1]) & _WORD
    return a, b, c, d


def key_of(text: str) -> int:
    """Return the 64 bits that stand for a text as a key, as a signed number."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def normals(key: IntArray, step: int, count: int) -> tuple[FloatArray, FloatArray]:
    """Return two independent standard normals (keys, count) of a step under each key.

    Number i of a step is the same whatever the count.
    """
    bits = key.view(np.uint64)[:, None]
    number = np.arange(count, dtype=np.uint64)[None, :]
    none = np.zeros((1, 1), dtype=np.uint64)
    made = philox((number, none + np.uint64(step), none, none), (bits & _WORD, bits >> _HALF))
    radius = np.sqrt(-2.0 * np.log(_uniform(made[0], made[1])))
    angle = 2.0 * np.pi * _uniform(made[2], made[3])
    return radius * np.cos(angle), radius * np.sin(angle)


def _uniform(high: WordArray, low: WordArray) -> FloatArray:
    """Return numbers above 0 and up to 1 of the first 53 of 64 bits."""
    whole = (high << np.uint64(21)) | (low >> np.uint64(11))
    return np.asarray((whole.astype(np.float64) + 0.5) * 2.0**-53)
