"""Huffman's code for streams of small whole numbers: canonical, no word longer than 15 bits, read in many lanes at once.

    table   = bits of a word for each symbol (four bits each) | bytes of each lane (16 bits each)
    payload = lanes of 4,096 symbols, each begun at a whole byte, the first bit of a word highest

A stream of bits can only be read from its start, so one long stream would be read symbol by symbol. Lanes that start at known
places are read side by side, which NumPy does for all of them in one step.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MOST_SYMBOLS = 4096
_LONGEST = 15  # bits of a word: the table that reads words has 2^15 entries
_LANE = 4096  # symbols: a lane is at most 4096 × 15 / 8 bytes, which 16 bits can count
_LANES_AT_ONCE = 256


@dataclass(frozen=True)
class Coded:
    """A stream in Huffman's code: how to read it, and what is to be read."""

    table: bytes
    payload: bytes

    @property
    def size(self) -> int:
        return len(self.table) + len(self.payload)


def lengths(frequencies: Array, longest: int = _LONGEST) -> Array:
    """The bits of each symbol's word in the best prefix code whose words have at most `longest` bits; 0 for a symbol that never occurs.

    Coins are packed level by level (Larmore and Hirschberg 1990, A fast algorithm for optimal length-limited Huffman codes): of the
    2n − 2 cheapest at the top, each single coin of a symbol adds a bit to its word. Where the limit is not reached, it is Huffman's
    (1952) code.
    """
    used = np.flatnonzero(frequencies)
    bits = np.zeros(len(frequencies), np.uint8)
    if len(used) <= 1:
        bits[used] = 1
        return bits
    order = used[np.argsort(frequencies[used], kind="stable")]
    singles = np.asarray(frequencies, np.int64)[order]
    levels: list[Array] = []
    coins, is_pair = singles, np.zeros(len(singles), bool)
    for _ in range(longest - 1):
        levels.append(is_pair)
        pairs = coins[: len(coins) // 2 * 2].reshape(-1, 2).sum(axis=1)
        together = np.concatenate([singles, pairs])
        sorting = np.argsort(together, kind="stable")
        coins, is_pair = together[sorting], sorting >= len(singles)
    levels.append(is_pair)
    taken = 2 * len(singles) - 2
    for level in reversed(levels):
        packed = int(np.count_nonzero(level[:taken]))
        bits[order[: taken - packed]] += 1
        taken = 2 * packed
    return bits


def payload_bits(frequencies: Array) -> int:
    """How many bits the words of a stream with these frequencies take, without writing it."""
    return int(np.dot(np.asarray(frequencies, np.int64), lengths(frequencies).astype(np.int64)))


def encode(symbols: Array, alphabet: int) -> Coded:
    """Symbols, each from 0 to `alphabet` − 1 (at most 4,096), in Huffman's code."""
    bits = lengths(np.bincount(symbols, minlength=alphabet))
    words = _words(bits)
    parts: list[bytes] = []
    lanes: list[Array] = []
    step = _LANE * _LANES_AT_ONCE
    for start in range(0, len(symbols), step):
        sizes, data = _encode_lanes(symbols[start : start + step], words, bits)
        lanes.append(sizes)
        parts.append(data)
    nibbles = np.pad(bits, (0, alphabet % 2))
    table = (nibbles[0::2] | (nibbles[1::2] << 4)).astype(np.uint8).tobytes()
    return Coded(table + np.concatenate([np.zeros(0, "<u2"), *lanes]).astype("<u2").tobytes(), b"".join(parts))


def decode(table: bytes, payload: bytes, alphabet: int, count: int) -> Array:
    """The inverse of `encode`: `count` symbols.

    Raises:
        ValueError: the table makes no code, or the lanes do not end where they should.
    """
    half = (alphabet + 1) // 2
    lanes = -(-count // _LANE)
    if not 0 < alphabet <= MOST_SYMBOLS or len(table) != half + 2 * lanes:
        raise ValueError("a Huffman table has the wrong length")
    nibbles = np.frombuffer(table[:half], np.uint8)
    bits = np.stack([nibbles & 15, nibbles >> 4], axis=1).reshape(-1)[:alphabet]
    sizes = np.frombuffer(table[half:], "<u2").astype(np.int64)
    if int(sizes.sum()) != len(payload):
        raise ValueError("the lanes of a Huffman stream do not add up")
    return _decode_lanes(payload, sizes, _reader(bits), count) if count else np.zeros(0, np.uint16)


def _words(bits: Array) -> Array:
    """The canonical words: by length, then by symbol, each the one before plus one (Schwartz and Kallick 1964)."""
    words = np.zeros(len(bits), np.int64)
    order = np.lexsort((np.arange(len(bits)), bits))
    order = order[bits[order] > 0]
    word = 0
    for place, symbol in enumerate(order):
        if place:
            word = (word + 1) << int(bits[symbol] - bits[order[place - 1]])
        words[symbol] = word
    return words


def _encode_lanes(symbols: Array, words: Array, bits: Array) -> tuple[Array, bytes]:
    """The bytes of each lane, and all of them."""
    long, word = bits[symbols].astype(np.int64), words[symbols]
    ends = np.cumsum(long)
    firsts = np.arange(0, len(symbols), _LANE)
    before = ends[firsts] - long[firsts]
    sizes = (np.diff(np.append(before, ends[-1])) + 7) // 8
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) * 8
    lane = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(symbols))))
    places = ends - long - before[lane] + starts[lane]
    stream = np.zeros(int(sizes.sum()) * 8, np.uint8)
    for bit in range(int(bits.max())):
        longer = long > bit
        stream[places[longer] + bit] = (word[longer] >> (long[longer] - 1 - bit)) & 1
    return sizes, np.packbits(stream).tobytes()


def _reader(bits: Array) -> Array:
    """For each 15 bits that may stand at a place, the symbol they begin with × 16 + the bits of its word."""
    if not bits.any():
        raise ValueError("a Huffman table knows no symbol")
    known = np.flatnonzero(bits)
    filled = 1 << (_LONGEST - bits[known].astype(np.int64))
    if int(filled.sum()) > 1 << _LONGEST:
        raise ValueError("a Huffman table makes no code")
    order = known[np.lexsort((known, bits[known]))]
    entries = np.repeat(order * 16 + bits[order], 1 << (_LONGEST - bits[order].astype(np.int64)))
    return np.pad(entries, (0, (1 << _LONGEST) - len(entries))).astype(np.int32)


def _decode_lanes(payload: bytes, sizes: Array, reader: Array, count: int) -> Array:
    lanes = len(sizes)
    # The last lane may be short; it is read on into zeros, and what it says there is left out.
    data = np.frombuffer(payload + bytes(_LANE * 2 + 4), np.uint8).astype(np.int32)
    three = (data[:-2] << 16) | (data[1:-1] << 8) | data[2:]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) * 8
    places = starts.copy()
    steps = min(_LANE, count)
    last = count - (lanes - 1) * _LANE
    found = np.empty((steps, lanes), np.uint16)
    ends = places
    for step in range(steps):
        entries = reader[(three[places >> 3] >> (9 - (places & 7))) & 0x7FFF]
        found[step] = entries >> 4
        moved = entries & 15
        if not moved[: lanes - 1].all() or (step < last and not moved[-1]):
            raise ValueError("a Huffman stream holds a word that its table does not know")
        places = places + moved
        if step + 1 == last:
            ends = places
    ends = np.append(places[:-1], ends[-1])
    if not np.array_equal((ends - starts + 7) // 8, sizes):
        raise ValueError("a lane of a Huffman stream ends in the wrong place")
    return found.T.reshape(-1)[:count]
