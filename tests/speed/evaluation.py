"""How fast 10,000 images are judged: our path against a bare torchvision ImageFolder and DataLoader loop with the same decode.

    python tests/speed/evaluation.py [--images 10000] [--threads 1]

Both decode the same JPEG files (64 to 96 px) to 64 × 64 px by torchvision's geometry, normalise, and run the same small network on
batches of 256; DataLoader without and with two worker processes. The rounds alternate. Aim: at most 1.05 of the better loop.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from greenbench.core.artifact import InputSpec
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.folder import Reading, image_folder
from greenbench.ml.data.framing import Framing
from greenbench.ml.evaluation import correct_bits
from greenbench.ml.models.registry import architecture_for, build

SIDE, BATCH, CLASSES, ROUNDS = 64, 256, 10, 3


def make_images(folder: Path, count: int) -> None:
    """JPEGs of photo-like smoothness in ten classes, under test/, and a few to train on."""
    generator = np.random.default_rng(0)
    for part, images in (("train", 100), ("test", count)):
        for index in range(images):
            width, height = generator.integers(64, 97, 2)
            coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            path = folder / part / f"class{index % CLASSES}" / f"{index:05}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse.resize((int(width), int(height)), Image.Resampling.BICUBIC).save(path, quality=90)


def bare(folder: Path, module: torch.nn.Module, spec: InputSpec, workers: int) -> tuple[float, int]:
    """Seconds and right answers of the loop that people write."""
    transform = v2.Compose(
        [v2.Resize(SIDE), v2.CenterCrop(SIDE), v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(spec.mean, spec.std)]
    )
    begin, right = time.perf_counter(), 0
    with torch.inference_mode():
        for x, y in DataLoader(ImageFolder(folder / "test", transform), BATCH, num_workers=workers):
            right += int((module(x).argmax(1) == y).sum())
    return time.perf_counter() - begin, right


def processor_seconds() -> float:
    """Processor time of this process and of its workers that have ended: what a busy machine does not stretch."""
    return sum(os.times()[:4])


def ours(stored: Stored, module: torch.nn.Module) -> tuple[float, int]:
    begin = time.perf_counter()
    right = int(correct_bits(module, open_dataset(stored).split("test")).sum())
    return time.perf_counter() - begin, right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "set", Path(place) / "out"
        out.mkdir()
        make_images(folder, chosen.images)
        made = image_folder(folder, out, Reading(Framing(3, SIDE, SIDE), cut=Cut(calibration=5)), lambda share: None)
        stored = Stored(made, out, "d", "Images")
        torch.manual_seed(0)
        module = build(architecture_for("resnet8", made.input, CLASSES, width=4)).eval()
        ways = {
            "bare, no workers": lambda: bare(folder, module, made.input, 0),
            "bare, 2 workers": lambda: bare(folder, module, made.input, 2),
            "ours": lambda: ours(stored, module),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        worked: dict[str, list[float]] = {name: [] for name in ways}
        answers = set()
        for round_ in range(ROUNDS):
            for name in ways if round_ % 2 == 0 else reversed(ways):
                before = processor_seconds()
                seconds, right = ways[name]()
                worked[name].append(processor_seconds() - before)
                taken[name].append(seconds)
                answers.add(right)
        best = min(statistics.median(taken[name]) for name in ways if name != "ours")
        print(f"{chosen.images:,} images, {chosen.threads} torch thread(s), right answers {answers}")
        for name, seconds in taken.items():
            middle = statistics.median(seconds)
            cpu = statistics.median(worked[name])
            rate = chosen.images / middle
            print(
                f"{name:18} {middle:6.2f} s  {rate:8,.0f} images/s  {middle / best:5.2f} of the better bare loop  {cpu:6.2f} s of processor"
            )


if __name__ == "__main__":
    main()
