"""Estimates the carbon of a training that was run elsewhere."""

from greenbench.core.artifact import Fact, ResultsArtifact
from greenbench.core.quote import significant
from greenbench.core.run import CarbonFactor
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.meters.carbon import GRAMS_PER_POUND, JOULES_PER_KWH, co2e_g
from greenbench.steps.carbon_estimate.spec import CarbonParams


def apply(inputs: Inputs, params: CarbonParams, context: StepContext) -> StepOutcome:
    """kWh = PUE · t · ΣP / 1000 and CO2e = kWh · intensity (Strubell 2019, section 2); values energy_kwh, co2e_kg and co2e_lb."""
    energy_j = params.power_w * params.hours * 3600
    energy_kwh = params.pue * energy_j / JOULES_PER_KWH
    assumed = CarbonFactor(region="as given", intensity_g_per_kwh=params.intensity, source="as given", pue=params.pue)
    grams = co2e_g(energy_j, assumed)
    values = {"energy_kwh": energy_kwh, "co2e_kg": grams / 1000, "co2e_lb": grams / GRAMS_PER_POUND}
    facts = (
        Fact(title="Energy with the building, estimated", text=f"{significant(energy_kwh, 4)} kWh"),
        Fact(title="CO2e, estimated", text=f"{significant(values['co2e_kg'], 4)} kg ({significant(values['co2e_lb'], 4)} lb)"),
    )
    return StepOutcome({"results": ResultsArtifact(values=values)}, facts, f"≈ {significant(values['co2e_kg'], 3)} kg CO2e")
