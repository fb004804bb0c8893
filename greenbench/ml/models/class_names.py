"""The names of a model's outputs from a file: one a line, or JSON as it is found beside models."""

import json
from pathlib import Path
from typing import Any

from greenbench.core.errors import DataError

_LARGEST_BYTES = 20 * 10**6
_FORM = 'Write one name a line, a JSON list, or a JSON object {"0": "cat", "1": "dog"}.'


def read_class_names(path: Path) -> tuple[str, ...]:
    """The names in the order of the outputs. JSON objects go from number to name (or to [id, name], as ImageNet's index does) or back.

    Raises:
        DataError: the file is not there, is no text, or is not of one of these forms; a number is missing or comes twice.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise DataError(f"{path.name} is far too large for a list of class names.", _FORM)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The class names in {path} cannot be read: {error}.", _FORM) from None
    if text.lstrip()[:1] in ("[", "{"):
        try:
            names = _from_json(json.loads(text), path.name)
        except (ValueError, RecursionError) as error:
            raise DataError(f"The class names in {path.name} are not valid JSON: {error}.", _FORM) from None
    else:
        names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not names:
        raise DataError(f"There are no class names in {path.name}.", _FORM)
    return names


def _from_json(found: Any, name: str) -> tuple[str, ...]:
    if isinstance(found, list):
        return tuple(_name(one) for one in found)
    pairs = {str(key): value for key, value in found.items()}
    if all(key.isdecimal() for key in pairs):
        by_number = {int(key): _name(value) for key, value in pairs.items()}
    elif all(isinstance(value, int) for value in pairs.values()):
        by_number = {int(value): key for key, value in pairs.items()}
    else:
        raise DataError(f"The class names in {name} have no numbers.", _FORM)
    if len(by_number) != len(pairs) or sorted(by_number) != list(range(len(by_number))):
        raise DataError(f"The numbers of the classes in {name} do not go from 0 to {len(pairs) - 1}, each once.", _FORM)
    return tuple(by_number[index] for index in range(len(by_number)))


def _name(value: Any) -> str:
    return str(value[-1]) if isinstance(value, list) and value else str(value)
