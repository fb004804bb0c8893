"""Huffman's code: as short as the textbook's, never longer than 15 bits a word, and read back in lanes."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbench.ml.compress import huffman


def textbook_bits(frequencies: list[int]) -> int:
    """The bits of Huffman's own construction (1952): join the two rarest until one is left; each join costs its sum."""
    heap = [count for count in frequencies if count]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=2, max_size=60).filter(lambda counts: sum(1 for count in counts if count) > 1))
def test_words_are_as_short_as_huffmans_where_none_needs_more_than_fifteen_bits(counts):
    bits = huffman.lengths(np.array(counts))
    assert sum(2.0 ** -int(length) for length in bits if length) == 1.0  # Kraft: a full prefix code
    if sum(counts) < 987:  # a word of 16 bits needs Fibonacci's counts, which add up to that
        assert huffman.payload_bits(np.array(counts)) == textbook_bits(counts)


def test_a_limit_costs_what_larmore_and_hirschberg_say():
    """Counts of Fibonacci have words of 1, 2, … bits; with at most 3 bits for five symbols the best is 1 + 4 × 3 or 3 × 2 + 2 × 3 bits."""
    counts = np.array([1, 1, 2, 3, 5])
    assert sorted(huffman.lengths(counts).tolist()) == [1, 2, 3, 4, 4]
    best = min(5 * 1 + 7 * 3, (5 + 3 + 2) * 2 + (1 + 1) * 3)
    assert int(np.dot(counts, huffman.lengths(counts, 3).astype(int))) == best


def test_words_stay_below_sixteen_bits_however_uneven_the_counts_are():
    counts = np.array([1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765, 10946])
    symbols = np.repeat(np.arange(len(counts)), counts)
    coded = huffman.encode(symbols, len(counts))
    assert huffman.lengths(counts).max() == 15
    assert np.array_equal(huffman.decode(coded.table, coded.payload, len(counts), len(symbols)), symbols)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back(alphabet, count, seed):
    symbols = np.minimum(np.random.default_rng(seed).geometric(0.2, count) - 1, alphabet - 1)
    coded = huffman.encode(symbols, alphabet)
    assert np.array_equal(huffman.decode(coded.table, coded.payload, alphabet, count), symbols)


@pytest.mark.parametrize("count", [4095, 4096, 4097, 3 * 4096, 300 * 4096 + 5])
def test_lanes_of_any_number_are_read_back_and_cost_what_was_foretold(count):
    symbols = np.minimum(np.random.default_rng(count).geometric(0.1, count) - 1, 40)
    coded = huffman.encode(symbols, 41)
    assert np.array_equal(huffman.decode(coded.table, coded.payload, 41, count), symbols)
    foretold = huffman.payload_bits(np.bincount(symbols)) / 8
    assert foretold <= len(coded.payload) <= foretold + -(-count // 4096)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table, payload: (table[:-1], payload),
        lambda table, payload: (table, payload[:-1]),
        lambda table, payload: (bytes([0x11]) * 3 + table[3:], payload),  # six words of one bit
        lambda table, payload: (bytes(3) + table[3:], payload),  # no word at all
        lambda table, payload: (bytes([0x02, 0, 0]) + table[3:], bytes([255]) * len(payload)),  # a word that is not in the table
    ],
)
def test_damage_is_told_and_never_read_on(spoil):
    symbols = np.random.default_rng(0).integers(0, 6, 5000)
    coded = huffman.encode(symbols, 6)
    with pytest.raises(ValueError, match=r"Huffman|lane"):
        huffman.decode(*spoil(coded.table, coded.payload), 6, 5000)
