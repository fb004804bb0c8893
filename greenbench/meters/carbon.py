"""From joules to grams of CO2e by the average intensity of a region's grid, and Strubell's formula for older papers' numbers."""

from dataclasses import dataclass
from difflib import get_close_matches

from greenbench.core.carbon import JOULES_PER_KWH, co2e_g
from greenbench.core.errors import MeterError
from greenbench.core.run import CarbonFactor
from greenbench.meters.codecarbon_data import edition, energy_mix, intensity_per_source

__all__ = ["GRAMS_PER_POUND", "JOULES_PER_KWH", "STRUBELL_PUE", "WORLD", "Region", "co2e_g", "factor", "regions", "strubell"]

WORLD = "WORLD"

# Strubell, Ganesh and McCallum, "Energy and Policy Considerations for Deep Learning in NLP", ACL 2019, section 2.
STRUBELL_PUE = 1.58
STRUBELL_LB_PER_KWH = 0.954
GRAMS_PER_POUND = 453.59237


@dataclass(frozen=True)
class Region:
    """A grid: its ISO 3166 alpha-3 code ("DEU") or WORLD, its name, mean intensity, and the year it is of."""

    iso: str
    name: str
    intensity_g_per_kwh: float
    year: str
    source: str


def regions() -> list[Region]:
    """All grids with a known intensity: the world's average first, then countries by name."""
    tables = edition()
    average = intensity_per_source()
    # The source names its report of 2019; the 475 g in it are those of 2018.
    world = Region(
        WORLD, "World average", float(average["world_average"]), "2018", f"IEA Global Energy & CO2 Status Report 2019, as in {tables}"
    )
    countries = [
        Region(iso, entry["country_name"], float(entry["carbon_intensity"]), str(entry["year"]), f"{tables}, global energy mix")
        for iso, entry in energy_mix().items()
        if entry.get("carbon_intensity") is not None
    ]
    return [world, *sorted(countries, key=lambda region: region.name)]


def factor(region_iso: str = WORLD, pue: float = 1.0) -> CarbonFactor:
    """What turns kWh into grams in a region, named by its code or its name in any case.

    `pue` is the power usage effectiveness of the building, 1.0 for a desk.

    Raises:
        MeterError: no such region, or a PUE below 1.
    """
    if not pue >= 1.0:
        raise MeterError(
            f"A PUE of {pue:g} would mean that the building gives power back.", "Give 1.0 or more; 1.0 for a machine at a desk."
        )
    region = _region(region_iso)
    return CarbonFactor(
        region=f"{region.name} ({region.iso})" if region.iso != WORLD else region.name,
        intensity_g_per_kwh=region.intensity_g_per_kwh,
        year=region.year,
        source=region.source,
        pue=pue,
    )


def _region(asked: str) -> Region:
    """The grid of that code or name; the tables have no codes of two letters."""
    wanted = asked.strip().casefold()
    named = {name.casefold(): region for region in regions() for name in (region.name, region.iso)}
    if wanted in named:
        return named[wanted]
    near = dict.fromkeys(named[name] for name in get_close_matches(wanted, named, n=6, cutoff=0.0))
    words = ", ".join(f"{region.iso} ({region.name})" for region in list(near)[:3])
    raise MeterError(f'No grid intensity is known for the region "{asked}".', f"Nearest: {words}. All: greenbench list regions.")


def strubell(power_w: float, hours: float) -> tuple[float, float]:
    """(kWh, lb CO2e) of a training of `hours` at a mean `power_w`: 1.58 · t · P / 1000, and 0.954 lb for each kWh.

    Strubell et al. 2019, section 2: PUE and the US intensity of 2018 are those of the paper.
    """
    energy_kwh = STRUBELL_PUE * hours * power_w / 1000
    return energy_kwh, STRUBELL_LB_PER_KWH * energy_kwh
