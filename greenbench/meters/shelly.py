"""Shelly plugs over HTTP, of both languages that they speak.

    /shelly                        who is there: {"gen": 2, "id": …} or, of the first generation, {"type": "SHPLG-S", …}
    /rpc/Switch.GetStatus?id=0     from the second generation on: apower (W), aenergy.total (Wh)
    /meter/0                       first generation: power (W), total (watt-minutes)

The joules are the watts summed: the plug measures them about once a second, while its watt-hours are promised by the minute only
(`aenergy.by_minute`). At 60 W a minute is 3.6 kJ, far too coarse for a window; the sum is held against them instead.
"""

from decimal import Decimal

from greenbench.core.external import ExternalMeter, ShellyParams
from greenbench.core.measurement import SourceState
from greenbench.meters.plug_http import PlugHttp, number, step
from greenbench.meters.polled import Nature, NoReadingError, Reading

REFRESH_S = 1.0
# Nobody states it for all of these plugs; 2 % is more than their makers' 1 % for those where it is stated.
ERROR = 0.02
_J_PER_WH = 3600.0
_J_PER_WATT_MINUTE = 60.0


class ShellyPlug:
    """One output of a Shelly."""

    nature = Nature(REFRESH_S, ERROR)

    def __init__(self, meter: ExternalMeter) -> None:
        params = meter.params
        assert isinstance(params, ShellyParams)
        self._output = params.output
        self._http = PlugHttp(meter.address, "Shelly", params.user, params.password_file)
        self._first_generation = False
        self._identity = ""

    def open(self) -> None:
        """Looks which Shelly answers; an address that another one was given meanwhile is not read on."""
        _, found = self._http.ask("/shelly")
        generation = number(found, "gen")
        if generation is None and not isinstance(found.get("type"), str):
            raise self._http.stranger()
        identity = str(found.get("mac") or found.get("id") or "")
        if self._identity and identity != self._identity:
            raise self._http.stranger(f"it is another Shelly than before ({identity})")
        self._identity = identity
        self._first_generation = generation is None or generation < 2

    def read(self) -> Reading:
        return self._read_first() if self._first_generation else self._read_later()

    def close(self) -> None:
        self._http.close()

    def _read_later(self) -> Reading:
        status, found = self._http.ask("/rpc/Switch.GetStatus", {"id": str(self._output)}, digest=True)
        if status != 200:
            raise self._no_output(str(found.get("message", "")))
        power, energy = number(found, "apower"), number(found, "aenergy", "total")
        return self._reading(power, energy, _J_PER_WH)

    def _read_first(self) -> Reading:
        status, found = self._http.ask(f"/meter/{self._output}")
        if status != 200 or found.get("is_valid") is False:
            raise self._no_output("its meter gives no valid value")
        return self._reading(number(found, "power"), number(found, "total"), _J_PER_WATT_MINUTE)

    def _reading(self, power: Decimal | None, total: Decimal | None, unit_j: float) -> Reading:
        if power is None:
            raise NoReadingError(
                SourceState.ABSENT,
                f"The Shelly at {self._http.address} switches but does not measure.",
                "Use one with a power meter: a Plug, or a model with PM in its name.",
            )
        # A machine only draws: a minus says that the plug stands the wrong way round in its line.
        return Reading(power_w=abs(float(power)), step=step(power), checked_j=None if total is None else float(total) * unit_j)

    def _no_output(self, detail: str) -> NoReadingError:
        return NoReadingError(
            SourceState.ABSENT,
            f"The Shelly at {self._http.address} has no output {self._output} with a meter{f' ({detail})' if detail else ''}.",
            "Outputs are counted from 0; remove this meter and add it with the right one.",
        )
