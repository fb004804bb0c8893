"""The steps: one folder each, with a light spec.py and a heavy apply.py that only the worker imports."""

from functools import cache
from importlib import import_module

from greenbench.core.catalog import Catalog

# Library order: as listed, within each group.
_FOLDERS = (
    "data_digits",
    "data_idx",
    "data_folder",
    "data_archive",
    "data_cifar",
    "data_huggingface",
    "data_download",
    "data_masks",
    "data_table",
    "data_text",
    "data_random",
    "model_library",
    "model_file",
    "model_python",
    "model_huggingface",
    "train",
    "fine_tune",
    "prune_structured",
    "factorize",
    "prune_magnitude",
    "prune_nm",
    "prune_lottery",
    "reinitialise",
    "quantize_static",
    "quantize_openvino",
    "quantize_dynamic",
    "quantize_weights",
    "quantize_aware",
    "cast_half",
    "quantize_buckets",
    "share_weights",
    "hash_weights",
    "encode",
    "distil_soft",
    "distil_features",
    "distil_quantised",
    "benchmark",
    "claim",
    "carbon_estimate",
)


@cache
def installed() -> Catalog:
    """All steps of this version. Imports no torch."""
    return Catalog(import_module(f"greenbench.steps.{folder}.spec").SPEC for folder in _FOLDERS)
