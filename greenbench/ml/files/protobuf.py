"""The outermost fields of a protobuf message, without its schema: enough to recognise an ONNX file without loading onnx."""

from typing import IO

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_FIELDS_LIMIT = 100_000


def top_fields(stream: IO[bytes], size: int) -> tuple[dict[int, int], bool]:
    """The outermost field numbers of a message with how often each occurs, and whether the message ends where the file does.

    Reading stops at the first thing that is no field, or at a field that goes on behind the end. The encoding:
    https://protobuf.dev/programming-guides/encoding/.
    """
    found: dict[int, int] = {}
    stream.seek(0)
    while (place := stream.tell()) < size and sum(found.values()) < _FIELDS_LIMIT:
        key = _varint(stream)
        if key is None or not key >> 3:
            return found, False
        wire = key & 7
        if wire == _VARINT:
            if _varint(stream) is None:
                return found, False
        elif wire in (_EIGHT, _FOUR):
            stream.seek(8 if wire == _EIGHT else 4, 1)
        elif wire == _LENGTH:
            length = _varint(stream)
            if length is None:
                return found, False
            stream.seek(length, 1)
        else:
            return found, False
        found[key >> 3] = found.get(key >> 3, 0) + 1
        if stream.tell() <= place:
            return found, False
    return found, stream.tell() == size


def _varint(stream: IO[bytes]) -> int | None:
    """A number of 7 bits a byte, lowest first; None at the end of the file or where it is longer than 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return value
    return None
