#!/usr/bin/env python3
"""Writes what is known of every network by name: resources/zoo.csv to choose from, resources/weight_index.json.gz to recognise weights.

    python packaging/catalogue_models.py               all names
    python packaging/catalogue_models.py --ours        our own anew, those of the libraries as they stand in the files
    python packaging/catalogue_models.py NAME …        a few, which are then only printed

Networks are built without memory for their weights (torch's meta device), so that giants are counted too. Multiply-adds are those of
one example of the size that the published weights expect. A network that cannot be built so keeps its cells empty.
Run it again after torchvision or timm were raised.
"""

import csv
import gzip
import json
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from greenbench.ml.models import architecture_for, own
from greenbench.ml.models import build as build_architecture
from greenbench.ml.models.timm_networks import licence
from greenbench.ml.models.weights import fingerprint

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
COLUMNS = ("name", "parameters", "macs", "input", "licence", "pretrained", "task")
SECONDS = 90
PARTS = {"classification": models, "segmentation": models.segmentation, "detection": models.detection}
DETECTION_SIDES = {"ssd300_vgg16": 300, "ssdlite320_mobilenet_v3_large": 320}
OWN_CLASSES = 10


def torchvision_rows() -> list[tuple[dict[str, Any], Callable[[], nn.Module]]]:
    """What torchvision says of its networks, and how each is built."""
    rows = []
    for task, module in PARTS.items():
        for name in sorted(models.list_models(module=module)):
            weights = next(iter(models.get_model_weights(name)), None)
            best = models.get_model_weights(name).DEFAULT if weights else None
            options: dict[str, Any] = {} if task == "classification" else {"weights_backbone": None}
            side = 224
            if task == "detection":
                side = DETECTION_SIDES.get(name, 800)
            elif best is not None:
                transforms = best.transforms()
                side = (transforms.crop_size if task == "classification" else transforms.resize_size)[0]
            if name in ("googlenet", "inception_v3"):  # as we build them: without the outputs that only training needs
                options |= {"aux_logits": False, "init_weights": False}
            if name == "vit_h_14":
                options["image_size"] = side
            known = {"task": task, "input": (3, side, side), "pretrained": best is not None}
            # Weights under another licence than the library say so by an address.
            known["licence"] = _licence(best.meta.get("license", "")) if best else "BSD-3-Clause"
            rows.append(({"name": f"torchvision/{name}", **known}, lambda n=name, o=options: models.get_model(n, weights=None, **o)))
    return rows


def _licence(address: str) -> str:
    return "CC-BY-NC-4.0" if "SWAG" in address else address or "BSD-3-Clause"


def timm_rows() -> list[tuple[dict[str, Any], Callable[[], nn.Module]]]:
    """What timm says of its networks, and how each is built."""
    rows = []
    for name in sorted(timm.list_models()):
        settings = timm.get_pretrained_cfg(name)
        published = bool(settings.url or settings.hf_hub_id or settings.file) and timm.models.is_model_pretrained(name)
        known = {
            "input": tuple(settings.input_size),
            "licence": licence(settings.license),
            "pretrained": published,
            "task": "classification",
        }
        rows.append(({"name": f"timm/{name}", **known}, lambda n=name: timm.create_model(n, pretrained=False)))
    return rows


def own_rows() -> list[tuple[dict[str, Any], Callable[[], nn.Module]]]:
    """Our networks, for ten classes."""
    rows = []
    for name, network in own.NETWORKS.items():
        known = {"input": network.input.shape, "licence": "MIT", "pretrained": False, "task": "classification"}
        plan = architecture_for(name, network.input, OWN_CLASSES)
        rows.append(({"name": name, **known}, lambda plan=plan: build_architecture(plan)))
    return rows


def macs(name: str, network: nn.Module, shape: tuple[int, ...]) -> int | None:
    """Multiply-adds of one example; None where they depend on the example or the network cannot be run without numbers."""
    kind = own.NETWORKS[name].input if name in own.NETWORKS else None
    example = torch.zeros((1, *shape), device="meta", dtype=getattr(torch, kind.dtype) if kind else torch.float32)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            network.eval().requires_grad_(False)(example)
    except TimeoutError:
        raise
    except Exception as error:  # noqa: BLE001 - each of a thousand networks fails in its own way
        print(f"  {name}: no multiply-adds: {str(error).splitlines()[:1]}", flush=True)
        return None
    return int(counter.get_total_flops()) // 2


def look(row: dict[str, Any], build: Callable[[], nn.Module]) -> dict[str, Any] | None:
    """Fills in parameters and multiply-adds; returns the entry of the index, None where the network could not be built."""
    name = row["name"]
    try:
        with torch.device("meta"):
            network = build()
    except NotImplementedError:  # a constructor that computes with real numbers
        network = build().to("meta")
    with torch.device("meta"):
        row["parameters"] = sum(parameter.numel() for parameter in network.parameters())
        shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
        row["macs"] = macs(name, network, row["input"]) if row["task"] != "detection" else None
    first, *_, last = shapes.items()
    return {
        "parameters": row["parameters"],
        "tensors": len(shapes),
        "fingerprint": fingerprint(shapes),
        "first": [first[0], list(first[1])],
        "last": [last[0], list(last[1])],
    }


def _shown(row: dict[str, Any]) -> dict[str, str]:
    return {"input": "x".join(map(str, row["input"])), "pretrained": "yes" if row["pretrained"] else "no"}


def _of_libraries() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows and the index entries of torchvision and timm as they stand in the files."""
    with (RESOURCES / "zoo.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(line for line in file if not line.startswith("#")) if "/" in row["name"]]
    with gzip.open(RESOURCES / "weight_index.json.gz", "rt", encoding="utf-8") as packed:
        index = json.load(packed)
    return rows, {name: entry for name, entry in index.items() if "/" in name}


def _too_long(*_: object) -> None:
    raise TimeoutError


def main(wanted: list[str]) -> None:
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    torch.set_num_threads(1)
    rows, index = [], {}
    ours = wanted == ["--ours"]
    wanted = [] if ours else wanted
    for row, build in own_rows() if ours else own_rows() + torchvision_rows() + timm_rows():
        if wanted and row["name"] not in wanted:
            continue
        signal.alarm(SECONDS)
        try:
            index[row["name"]] = look(row, build)
        except Exception as error:  # noqa: BLE001 - the libraries' constructors have no error in common
            print(f"{row['name']}: left without numbers: {type(error).__name__} {str(error).splitlines()[:1]}", flush=True)
        finally:
            signal.alarm(0)
        rows.append(row)
        print(f"{len(rows)} {row['name']}", flush=True)
    if wanted:
        print(json.dumps(rows, indent=1, default=str), json.dumps(index, indent=1), sep="\n")
        return
    if ours:
        before, index_before = _of_libraries()
        rows, index = rows + before, index_before | index
    with (RESOURCES / "zoo.csv").open("w", encoding="utf-8", newline="") as file:
        versions = f"torchvision {torchvision.__version__.partition('+')[0]}, timm {timm.__version__}"
        file.write(f"# {versions}: written by packaging/catalogue_models.py\n")
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row if isinstance(row["input"], str) else {**row, **_shown(row)})
    with (RESOURCES / "weight_index.json.gz").open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        packed.write(json.dumps(index, separators=(",", ":"), sort_keys=True).encode())
    print(f"{len(rows)} networks, {len(index)} with numbers", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
