"""The packed file gives back every bit and accounts for every byte."""

import math

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from greenbench.core.errors import Cancelled, FileFormatError, ModelError
from greenbench.ml.compress import packed

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
    raw = packed.pack_indices(indices, width)
    assert len(raw) == math.ceil(len(indices) * width / 8)
    assert np.array_equal(packed.unpack_indices(raw, width, len(indices)), indices)


def test_indices_longer_than_one_chunk_come_back():
    indices = np.random.default_rng(0).integers(0, 32, (1 << 20) + 77, dtype=np.uint16)
    assert np.array_equal(packed.unpack_indices(packed.pack_indices(indices, 5), 5, len(indices)), indices)


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


def test_ninety_per_cent_zeros_cost_the_survivors_and_about_the_entropy_of_the_mask():
    """Shannon: a mask of density p needs at least H(p) bits a weight; deflate must come within a quarter of it."""
    rng = np.random.default_rng(2)
    count, density = 200_000, 0.1
    weight = np.where(rng.random(count) < density, rng.normal(size=count), 0).astype(np.float32)
    book = packed.ledger(packed.encode({"weight": weight}))
    kept = np.count_nonzero(weight)
    assert entropy_bits(kept / count) * count / 8 <= book.masks <= 1.25 * entropy_bits(kept / count) * count / 8
    assert 0.75 * 4 * kept < book.weights <= 4 * kept
    assert book.indices == book.codebooks == 0


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 8])
def test_shared_weights_cost_their_index_bits(bits):
    """2^bits equally likely values need exactly `bits` bits each; no lossless code does better, ours is at most 7 % above."""
    rng = np.random.default_rng(3)
    weight = rng.normal(size=2**bits).astype(np.float32)[rng.integers(0, 2**bits, 100_000)]
    book = packed.ledger(packed.encode({"weight": weight}))
    floor = bits * 100_000 / 8
    assert floor * 0.999 <= book.indices <= 1.07 * floor
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
