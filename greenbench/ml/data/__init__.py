"""Data sets: made once by a source step, cut into named splits, and opened by every step that needs one. No torch here."""

from greenbench.ml.data.dataset import Dataset, Split, open_dataset

__all__ = ["Dataset", "Split", "open_dataset"]
