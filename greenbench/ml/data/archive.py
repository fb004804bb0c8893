"""Archives of arrays, NumPy (.npz) or safetensors: `x` and `y`, if you like `x_test` and `y_test`. Pickled objects are refused."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import DataError
from greenbench.ml.data.arrays import About, pack
from greenbench.ml.data.cuts import Cut, Normalise
from greenbench.ml.data.split import Labels
from greenbench.ml.files.archives import safe_members

_FORM = "Save it with numpy.savez(file, x=examples, y=labels)."
_UNPACKED_LIMIT = 100_000_000_000
_KEYS = ("x", "y", "x_test", "y_test", "classes")


def array_archive(source: Path, folder: Path, channels_last: bool, normalise: Normalise, how: Cut, label_map: str = "") -> DatasetArtifact:
    """The data set in a .npz or .safetensors file. `x` is (N, C, H, W), (N, H, W, C) with `channels_last`, (N, H, W) or (N, features).

    A .npz file may hold the names of the classes as `classes`.

    Raises:
        DataError: not such an archive, an array missing, of the wrong shape or type, or with values that are no numbers.
        FileFormatError: it claims sizes that no archive can have.
    """
    arrays, found = _read(source)
    for key in ("x", "y"):
        if key not in arrays:
            has = ", ".join(sorted(found)) or "nothing"
            raise DataError(f'{source.name} has no array "{key}"; it has {has}.', _FORM)
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise DataError(f'{source.name} has only one of "x_test" and "y_test".', "Give both or neither.")
    examples = _examples(arrays, "x", channels_last, source.name)
    names = _classes(arrays, source.name)
    pool = examples, _labels(arrays["y"], names)
    _check_lengths(pool, source.name, "x", "y")
    test = None
    if "x_test" in arrays:
        test = _examples(arrays, "x_test", channels_last, source.name), _labels(arrays["y_test"], names)
        _check_lengths(test, source.name, "x_test", "y_test")
        if test[0].shape[1:] != pool[0].shape[1:] or test[0].dtype != pool[0].dtype:
            raise DataError(f'{source.name}: "x" and "x_test" differ in shape or type.', "Prepare both in the same way.")
    return pack(folder, About("archive", source.stem, names, label_map=label_map), pool, how, test, normalise)


def _read(source: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays that matter, and the names of all there are. The content says which kind of archive it is."""
    try:
        if not source.is_file():
            raise FileNotFoundError
        if zipfile.is_zipfile(source):
            safe_members(source, _UNPACKED_LIMIT)
            with np.load(source, allow_pickle=False) as archive:
                return {key: archive[key] for key in _KEYS if key in archive}, list(archive.files)
        if source.suffix.lower() == ".safetensors":
            with safe_open(source, framework="numpy") as tensors:
                names = list(tensors.keys())
                return {key: tensors.get_tensor(key) for key in _KEYS if key in names}, names
        raise DataError(f"{source.name} cannot be read as a NumPy archive: it is none, or is cut short.", _FORM)
    except FileNotFoundError:
        raise DataError(f'The file "{source}" does not exist.', "Choose a .npz or .safetensors file.") from None
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error, SafetensorError) as error:
        # TypeError, AttributeError: safetensors, of a number type that NumPy does not have
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        kind = "a safetensors file" if source.suffix.lower() == ".safetensors" else "a NumPy archive"
        raise DataError(f"{source.name} cannot be read as {kind}: {reason}.", _FORM) from None


def _examples(arrays: dict[str, NDArray[Any]], key: str, channels_last: bool, name: str) -> NDArray[Any]:
    x = arrays[key]
    if x.ndim not in (2, 3, 4) or 0 in x.shape:
        shape = "×".join(str(side) for side in x.shape)
        raise DataError(
            f'{name}: "{key}" has the shape {shape or "of a single number"}.', "It must be (N, C, H, W), (N, H, W) or (N, features)."
        )
    if x.dtype.kind not in "buif":
        raise DataError(f'{name}: "{key}" has the type {x.dtype}, which is not a number.', "Use bytes or floats.")
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and channels_last:
        x = np.moveaxis(x, 3, 1)
    if x.dtype != np.uint8:
        x = x.astype(np.float32)
        if not np.isfinite(x).all():
            row = int(np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))[0])
            raise DataError(f'{name}: example {row} of "{key}" has values that are not numbers.', "Remove or fill them.")
    return np.ascontiguousarray(x)


def _classes(arrays: dict[str, NDArray[Any]], name: str) -> tuple[str, ...]:
    labels = {key: arrays[key].reshape(-1) for key in ("y", "y_test") if key in arrays}
    together = np.concatenate([part.astype(str) if part.dtype.kind == "U" else part for part in labels.values()])
    if together.dtype.kind == "U":
        return tuple(str(label) for label in np.unique(together))
    whole = together.dtype.kind in "bui" or (together.dtype.kind == "f" and bool(np.all(together == np.floor(together))))
    if len(together) == 0 or not whole or together.min() < 0 or together.max() > 100_000:
        raise DataError(f"{name}: labels must be class names or whole numbers from 0.", "For N classes use 0 to N − 1.")
    if "classes" not in arrays:
        return tuple(str(label) for label in range(int(together.max()) + 1))
    named = tuple(str(label) for label in arrays["classes"].reshape(-1))
    for key, part in labels.items():
        outside = np.flatnonzero(part >= len(named))
        if len(outside):
            raise DataError(
                f'{name}: label {int(part[outside[0]])} of example {int(outside[0])} in "{key}" is outside the {len(named)} classes.',
                f"Labels are 0 to {len(named) - 1}.",
            )
    return named


def _labels(y: NDArray[Any], classes: tuple[str, ...]) -> Labels:
    flat = y.reshape(-1)
    return np.searchsorted(np.asarray(classes), flat).astype(np.int64) if flat.dtype.kind == "U" else flat.astype(np.int64)


def _check_lengths(pair: tuple[NDArray[Any], Labels], name: str, x: str, y: str) -> None:
    if len(pair[0]) != len(pair[1]):
        raise DataError(f'{name}: "{x}" has {len(pair[0])} examples, "{y}" has {len(pair[1])} labels.', "Each example needs one label.")
