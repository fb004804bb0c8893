"""The packed file gives back every bit and accounts for every byte."""

import math
import zlib
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from greenbench.core.errors import Cancelled, FileFormatError, ModelError
from greenbench.ml.compress import packed, streams, tensor_coding

DTYPES = st.one_of(
    hnp.floating_dtypes(endianness="?"),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.boolean_dtypes(),
    hnp.complex_number_dtypes(endianness="?"),
)


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


@st.composite
def tensors(draw: st.DrawFn) -> np.ndarray:
    """Any shape (0-d and empty included), from any bits, from few values, or mostly zeros."""
    dtype = draw(DTYPES)
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
    array = draw(hnp.arrays(dtype, shape))
    kind = draw(st.sampled_from(["any", "few", "zeros"]))
    if kind == "zeros" and array.size:
        array = array * draw(hnp.arrays(np.bool_, shape)).astype(dtype)
    if kind == "few" and array.size:
        palette = draw(hnp.arrays(dtype, draw(st.integers(1, 20))))
        array = palette[draw(hnp.arrays(np.int64, shape, elements=st.integers(0, len(palette) - 1)))].reshape(shape)
    return np.asarray(array, dtype)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8), tensors(), max_size=4))
@pytest.mark.filterwarnings("ignore:.*encountered in multiply:RuntimeWarning")
def test_what_is_written_is_read_back_bit_for_bit(content):
    data = packed.encode(content)
    back = packed.decode(data)
    assert list(back) == sorted(content)
    assert all(same_bits(back[name], np.asarray(content[name])) for name in content)
    assert packed.ledger(data).total == len(data)


def test_not_a_number_and_negative_zero_keep_their_bits():
    odd = np.array([np.nan, -np.nan, -0.0, 0.0, np.inf, -np.inf, 5e-324], np.float64)
    odd = np.append(odd, np.array([0x7FF8DEADBEEF0001], np.uint64).view(np.float64))
    assert same_bits(packed.decode(packed.encode({"odd": odd}))["odd"], odd)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 16), st.data())
def test_indices_of_any_width_come_back(width, data):
    indices = data.draw(hnp.arrays(np.uint16, st.integers(0, 50), elements=st.integers(0, 2**width - 1)))
    raw = streams.pack_indices(indices, width)
    assert len(raw) == math.ceil(len(indices) * width / 8)
    assert np.array_equal(streams.unpack_indices(raw, width, len(indices)), indices)


def test_indices_longer_than_one_chunk_come_back():
    indices = np.random.default_rng(0).integers(0, 32, (1 << 20) + 77, dtype=np.uint16)
    assert np.array_equal(streams.unpack_indices(streams.pack_indices(indices, 5), 5, len(indices)), indices)


def test_a_file_on_disk_has_the_size_that_is_returned(tmp_path):
    rng = np.random.default_rng(1)
    content = {"weight": rng.normal(size=(64, 64)).astype(np.float32), "steps": np.array(7)}
    size = packed.write(content, tmp_path / "model.packed")
    assert size == (tmp_path / "model.packed").stat().st_size
    back = packed.read(tmp_path / "model.packed")
    assert all(same_bits(back[name], content[name]) for name in content)


def test_torch_tensors_of_types_numpy_lacks_are_packed():
    state = {
        "half": torch.linspace(-1, 1, 30).bfloat16().reshape(5, 6),
        "eighth": torch.linspace(-1, 1, 30).to(torch.float8_e4m3fn),
        "steps": torch.tensor(3),
        "turned": torch.arange(12.0).reshape(3, 4).t(),
    }
    back = packed.decode(packed.encode(packed.arrays(state)))
    assert back["half"].dtype == ml_dtypes.bfloat16
    assert torch.equal(torch.from_numpy(back["half"].view(np.int16)), state["half"].view(torch.int16))
    assert torch.equal(torch.from_numpy(back["eighth"].view(np.uint8)), state["eighth"].view(torch.uint8))
    assert np.array_equal(back["turned"], state["turned"].numpy())


def entropy_bits(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def test_ninety_per_cent_zeros_cost_the_survivors_and_the_entropy_of_their_places():
    """Shannon: places of density p need at least H(p) bits a weight; steps in Huffman's code come within a twentieth of it."""
    rng = np.random.default_rng(2)
    count, density = 200_000, 0.1
    weight = np.where(rng.random(count) < density, rng.normal(size=count), 0).astype(np.float32)
    book = packed.ledger(packed.encode({"weight": weight}))
    kept = np.count_nonzero(weight)
    floor = entropy_bits(kept / count) * count / 8
    assert floor <= book.positions + book.tables <= 1.05 * floor
    assert 0.75 * 4 * kept < book.weights <= 4 * kept
    assert book.masks == book.indices == book.codebooks == 0


def test_zeros_in_whole_rows_are_told_by_a_mask_that_deflates():
    """Channels that were removed lie side by side: a mask of long runs costs less than a step for every weight that is left."""
    weight = np.random.default_rng(6).normal(size=(200, 1000)).astype(np.float32)
    weight[::2] = 0
    book = packed.ledger(packed.encode({"weight": weight}))
    assert 0 < book.masks < 1000
    assert book.positions == 0


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 8])
def test_shared_weights_cost_their_index_bits(bits):
    """2^bits equally likely values need exactly `bits` bits each; no lossless code does better, ours is at most 1 % above."""
    rng = np.random.default_rng(3)
    weight = rng.normal(size=2**bits).astype(np.float32)[rng.integers(0, 2**bits, 100_000)]
    book = packed.ledger(packed.encode({"weight": weight}))
    floor = bits * 100_000 / 8
    assert floor * 0.999 <= book.indices <= 1.01 * floor
    assert 0 < book.codebooks <= 4 * 2**bits
    assert book.weights == 0


def test_random_weights_are_not_made_larger():
    weight = np.random.default_rng(4).integers(0, 2**32, 300_000, dtype=np.uint32).view(np.float32)
    data = packed.encode({"weight": weight})
    assert len(data) <= weight.nbytes + 200


def test_constant_and_zero_tensors_cost_next_to_nothing():
    data = packed.encode({"zeros": np.zeros((1000, 1000), np.float32), "ones": np.ones((1000, 1000), np.float32)})
    assert len(data) < 400


@pytest.mark.parametrize(
    "spoil", [lambda d: d[:-9], lambda d: d[:40] + bytes([d[40] ^ 1]) + d[41:], lambda d: b"GIF89a" + d, lambda d: b""]
)
def test_a_damaged_file_is_refused_with_a_sentence(tmp_path, spoil):
    path = tmp_path / "model.packed"
    packed.write({"weight": np.arange(500, dtype=np.float32)}, path)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FileFormatError, match=r"model\.packed"):
        packed.read(path)


def test_python_objects_are_refused():
    with pytest.raises(ModelError, match="cannot be packed"):
        packed.encode({"things": np.array([object()])})


def test_the_coded_size_of_a_module_is_that_of_its_file(tmp_path):
    module = torch.nn.Linear(30, 20)
    assert packed.coded_size(module) == packed.write(packed.arrays(module.state_dict()), tmp_path / "x")
    assert packed.coded_size(module) < 4 * 620 + 300


def test_the_same_tensors_give_the_same_bytes_in_whatever_order_they_come():
    content = {"b": np.arange(9.0), "a": np.zeros(5, np.float32)}
    assert packed.encode(content) == packed.encode(dict(reversed(content.items())))


def test_a_stop_ends_the_coding_before_the_next_tensor():
    asked = []

    def check():
        asked.append(len(asked))
        if len(asked) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        packed.coded_size({str(number): np.ones(3) for number in range(5)}, check)
    assert asked == [0, 1]


def pruned_and_shared(shape: tuple[int, ...], density: float, bits: int, seed: int = 7) -> np.ndarray:
    """Weights as Deep compression leaves them: mostly zero, the rest of 2^bits values that lie evenly."""
    rng = np.random.default_rng(seed)
    values = np.linspace(-1, 1, 2**bits).astype(np.float32)
    drawn = np.clip(rng.normal(size=shape) / 3, -1, 1)
    shared = values[np.round((drawn + 1) / 2 * (2**bits - 1)).astype(int)]
    return np.where(rng.random(shape) < density, shared, np.float32(0))


def gap_entropy(weight: np.ndarray) -> float:
    """Bits of the places and of the values of the non-zeros, as far as their frequencies alone tell (Shannon 1948)."""
    used = weight.reshape(-1) != 0
    _, counts = np.unique(weight.reshape(-1)[used], return_counts=True)
    share = counts / counts.sum()
    return entropy_bits(used.mean()) * used.size - float((share * np.log2(share)).sum()) * counts.sum()


@pytest.mark.parametrize("coding", [tensor_coding.SMALLEST, tensor_coding.DEEP_COMPRESSION])
def test_pruned_and_shared_weights_cost_at_most_a_twentieth_more_than_their_entropy(coding):
    """LeNet-300-100's first layer at the 8 % of Han 2015."""
    weight = pruned_and_shared((300, 784), 0.08, 5)
    data = packed.encode({"weight": weight}, coding=coding)
    book = packed.ledger(data)
    assert gap_entropy(weight) / 8 <= book.positions + book.indices <= 1.05 * gap_entropy(weight) / 8
    assert book.total == len(data)
    assert book.masks == book.weights == 0
    assert same_bits(packed.decode(data)["weight"], weight)


def test_the_papers_coding_takes_the_papers_steps_and_leaves_biases_as_they_are():
    """Han 2016, table 1: steps of 5 bits in dense layers, of 8 in convolutions."""
    content = {
        "conv": pruned_and_shared((50, 20, 5, 5), 0.12, 8),
        "dense": pruned_and_shared((100, 300), 0.09, 5),
        "bias": np.ones(70, "f4"),
    }
    data = packed.encode(content, coding=tensor_coding.DEEP_COMPRESSION)
    entries = {entry[0]: entry for entry in packed._header(data, "it")[0]}
    assert (entries["conv"][3], entries["conv"][7]) == ("relative codebook", 8)
    assert (entries["dense"][3], entries["dense"][7]) == ("relative codebook", 5)
    assert entries["bias"][7] == 0
    assert all(same_bits(packed.decode(data)[name], array) for name, array in content.items())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 8), st.dictionaries(st.text(max_size=3), tensors(), max_size=3))
@pytest.mark.filterwarnings("ignore:.*encountered in multiply:RuntimeWarning")
def test_steps_of_any_width_read_back_bit_for_bit(dense_bits, conv_bits, content):
    data = packed.encode(content, coding=tensor_coding.Coding(dense_bits, conv_bits))
    back = packed.decode(data)
    assert all(same_bits(back[name], np.asarray(content[name])) for name in content)
    assert packed.ledger(data).total == len(data)


def test_the_smallest_coding_is_never_larger_than_the_papers():
    for density, bits in ((0.02, 2), (0.08, 5), (0.3, 6), (0.7, 4), (1.0, 3)):
        content = {"weight": pruned_and_shared((120, 200), density, bits)}
        assert len(packed.encode(content)) <= len(packed.encode(content, coding=tensor_coding.DEEP_COMPRESSION)) + 8


def test_a_file_of_the_first_version_is_still_read():
    """Written by the version that knew masks and deflate alone, with every coding it had."""
    data = (Path(__file__).parent / "first_version.packed").read_bytes()
    back = packed.decode(data)
    rng = np.random.default_rng(5)
    assert same_bits(back["dense"], rng.normal(size=(6, 7)).astype(np.float32))
    assert same_bits(back["sparse"], np.where(np.arange(400) % 9 == 0, np.arange(400) / 7, 0).astype(np.float32))
    palette = np.array([0.5, -1.25, 3.0], np.float32)
    assert same_bits(back["codebook"], palette[np.arange(300) % 3])
    used, values = rng.random(4000) < 0.05, rng.normal(size=8).astype(np.float32)
    assert same_bits(back["sparse codebook"], np.where(used, values[rng.integers(0, 8, 4000)], 0).astype(np.float32))
    assert packed.ledger(data).masks > 0


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_damage_behind_a_right_checksum_is_read_as_weights_or_breaks_the_reader(data):
    """The checksum finds accidents; whoever computes it anew still gets a sentence, or a tensor of the right shape."""
    whole = bytearray(packed.encode({"weight": pruned_and_shared((40, 60), 0.2, 3)}, coding=tensor_coding.DEEP_COMPRESSION)[:-4])
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(12, len(whole) - 1))] = data.draw(st.integers(0, 255))
    spoilt = bytes(whole) + zlib.crc32(bytes(whole)).to_bytes(4, "little")
    try:
        back = packed.decode(spoilt)
    except FileFormatError:
        return
    assert all(isinstance(array, np.ndarray) for array in back.values())
