"""The tables that come with codecarbon, read from its package folder without importing it: that would bring pandas and a tracker."""

import csv
import json
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from greenbench.core.errors import MeterError


def tdp_table() -> dict[str, float]:
    """Thermal design power in W by processor name. Rows whose number cannot be read ("27.29.5") are left out."""
    table: dict[str, float] = {}
    with _path("hardware/cpu_power.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                table[row["Name"]] = float(row["TDP"])
            except ValueError:
                continue
    return table


def energy_mix() -> dict[str, Any]:
    """By ISO 3166 alpha-3 code: country_name, carbon_intensity in g CO2e per kWh, year, and the mix it comes from."""
    table: dict[str, Any] = json.loads(_path("private_infra/global_energy_mix.json").read_text(encoding="utf-8"))
    return table


def intensity_per_source() -> dict[str, Any]:
    """g CO2e per kWh by kind of power station, the world's average, and where each number comes from."""
    table: dict[str, Any] = json.loads(_path("private_infra/carbon_intensity_per_source.json").read_text(encoding="utf-8"))
    return table


def edition() -> str:
    """The name and version of the tables, to be printed beside what is taken from them."""
    try:
        return f"codecarbon {version('codecarbon')}"
    except PackageNotFoundError:
        return "codecarbon"


def _path(name: str) -> Path:
    spec = find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise MeterError("The tables of codecarbon are not installed.", "Install them: pip install codecarbon")
    return Path(spec.submodule_search_locations[0]) / "data" / name
