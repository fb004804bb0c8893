"""Data sets: made once by a source step, cut into named splits, and opened by every step that needs one. No torch here."""

from greenbench.ml.data.dataset import Dataset, open_dataset
from greenbench.ml.data.split import Split

__all__ = ["Dataset", "Split", "open_dataset"]
