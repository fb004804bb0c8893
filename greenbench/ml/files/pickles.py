"""What a pickle would call when it is loaded, read from its opcodes; nothing of it is executed, and torch is not needed.

torch.load(weights_only=True) takes a fixed list of names. Whatever names more is code of its author, and is asked about first.
"""

import pickletools
import re
from collections.abc import Iterator
from typing import IO

from greenbench.core.errors import FileFormatError

_STORAGES = (
    "BFloat16", "Bool", "Byte", "Char", "ComplexDouble", "ComplexFloat", "Double", "Float", "Half", "Int", "Long", "QInt32", "QInt8",
    "QUInt2x4", "QUInt4x2", "QUInt8", "Short",
)  # fmt: skip
_CUDA_STORAGES = tuple(name for name in _STORAGES if not name.startswith("Q"))
_TENSORS = ("BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")
_REBUILD = (
    "parameter", "parameter_with_state", "qtensor", "tensor", "tensor_v2", "tensor_v3", "sparse_tensor", "meta_tensor_no_storage",
    "nested_tensor", "wrapper_subclass", "device_tensor_from_numpy", "device_tensor_from_cpu_tensor",
)  # fmt: skip
_DTYPES = re.compile(
    r"torch\.(bcomplex32|bfloat16|bits\w+|bool|complex(32|64|128)|float(16|32|64)|float[48]_e\w+|u?int[1-7]|u?int(8|16|32|64)|"
    r"q(int8|int32|uint8|uint4x2|uint2x4)|per_(tensor|channel)_(affine|symmetric|affine_float_qparams))"
)
_ALLOWED = frozenset(
    {
        "_codecs.encode", "builtins.bytearray", "builtins.complex", "builtins.set", "collections.Counter", "collections.OrderedDict",
        "torch.Size", "torch.Tensor", "torch.device", "torch._tensor._rebuild_from_type_v2", "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout", "torch.storage.TypedStorage", "torch.storage.UntypedStorage",
        *(f"torch._utils._rebuild_{name}" for name in _REBUILD),
        *(f"torch.{name}Storage" for name in _STORAGES),
        *(f"torch.cuda.{name}Storage" for name in _CUDA_STORAGES),
        *(f"torch.{name}Tensor" for name in _TENSORS),
        *(f"torch.cuda.{name}Tensor" for name in _TENSORS),
        *(f"torch.sparse.{name}Tensor" for name in _TENSORS if name != "Bool"),
        *(f"torch.cuda.sparse.{name}Tensor" for name in _TENSORS if name != "Bool"),
    }
)  # fmt: skip
# Python 2 wrote other names for the same things.
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "UserDict": "collections"}
_READ_BY_TORCH = 3
_STRINGS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING"})
_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})


def globals_named(stream: IO[bytes]) -> Iterator[str]:
    """Every "module.name" that one pickle looks up, in its order; a name that is put together at run time comes as "a computed name".
    Last, if it is written in a form newer than torch's loader of bare weights reads, "pickle protocol 4".

    The stream is left behind the end of the pickle.

    Raises:
        FileFormatError: it is no pickle, or is cut short.
    """
    recent: list[str] = []
    memo: dict[int, str] = {}
    pushed, protocol = "", 2
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            kind = opcode.name
            protocol = max(protocol, opcode.proto)
            if kind in ("GLOBAL", "INST"):
                yield _plain(str(argument).replace(" ", ".", 1))
            elif kind == "STACK_GLOBAL":
                yield _plain(".".join(recent[-2:])) if len(recent) > 1 else "a computed name"
            elif kind in ("EXT1", "EXT2", "EXT4"):
                yield f"the registered extension {argument}"
            if kind in _STRINGS:
                pushed = str(argument)
            elif kind in _GETS:
                pushed = memo.get(int(argument or 0), "")
            elif kind == "MEMOIZE":
                memo[len(memo)] = pushed
                continue
            elif kind in _PUTS:
                memo[int(argument or 0)] = pushed
                continue
            else:
                recent.clear()  # the two strings of a name stand right before it; anything between is a trick
                pushed = ""
                continue
            recent.append(pushed)
    except (ValueError, EOFError, KeyError, IndexError, OverflowError, UnicodeDecodeError) as error:
        raise FileFormatError(f"a pickle in it cannot be read: {str(error).splitlines()[0]}", "The file may be half a download.") from None
    if protocol > _READ_BY_TORCH:
        yield f"pickle protocol {protocol}"


def foreign(stream: IO[bytes]) -> str:
    """The first name in a pickle that torch's loader of bare weights refuses; "" if it takes them all.

    Raises:
        FileFormatError: see `globals_named`.
    """
    return next((name for name in globals_named(stream) if not allowed(name)), "")


def allowed(name: str) -> bool:
    """Whether torch.load(weights_only=True) takes a global of that name."""
    return name in _ALLOWED or bool(_DTYPES.fullmatch(name))


def _plain(name: str) -> str:
    module, dot, rest = name.rpartition(".")
    return f"{_OLD_MODULES.get(module, module)}{dot}{rest}"
