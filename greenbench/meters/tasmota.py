"""Plugs with the firmware Tasmota: `/cm?cmnd=Status 8` answers {"StatusSNS": {"ENERGY": {"Power": W, "Total": kWh, …}}}.

The joules are the watts summed: Tasmota reads its chip once a second, while `Total` has steps of 1 Wh (3,600 J; command EnergyRes), a
minute at 60 W. The sum is held against it. Whole watts are Tasmota's default; the command `WattRes 1` gives tenths.
"""

from decimal import Decimal
from typing import Any

from greenbench.core.external import ExternalMeter, TasmotaParams
from greenbench.core.measurement import SourceState
from greenbench.meters.plug_http import PlugHttp, locked, number, step
from greenbench.meters.polled import Nature, NoReadingError, Reading

REFRESH_S = 1.0
ERROR = 0.02  # after Tasmota's own calibration with a known load; without it a plug may be off by several times that
_J_PER_KWH = 3.6e6
_STATUS = "Status 8"


class TasmotaPlug:
    """A plug with the firmware Tasmota."""

    def __init__(self, meter: ExternalMeter) -> None:
        params = meter.params
        assert isinstance(params, TasmotaParams)
        self._http = PlugHttp(meter.address, "plug with Tasmota", params.user, params.password_file)
        self._in_address = False
        self.nature = Nature(REFRESH_S, ERROR)

    def open(self) -> None:
        self.read()

    def read(self) -> Reading:
        found = self._status()
        status = found.get("StatusSNS")
        if not isinstance(status, dict):
            raise self._http.stranger()
        energy = status.get("ENERGY")
        if not isinstance(energy, dict):
            raise NoReadingError(
                SourceState.ABSENT,
                f"The device with Tasmota at {self._http.address} has no power meter.",
                "Use a plug that measures, and choose its module in Tasmota's configuration.",
            )
        power, total = _sum(energy.get("Power")), _sum(energy.get("Total"))
        if power is None:
            raise NoReadingError(
                SourceState.SILENT,
                f"The plug at {self._http.address} does not say its power.",
                "Check its module in Tasmota's configuration.",
            )
        if step(power) == 1.0:
            self.nature = Nature(REFRESH_S, ERROR, "It shows whole watts; Tasmota's command WattRes 1 makes it show tenths.")
        else:
            self.nature = Nature(REFRESH_S, ERROR)
        return Reading(power_w=abs(float(power)), step=step(power), checked_j=None if total is None else float(total) * _J_PER_KWH)

    def close(self) -> None:
        self._http.close()

    def _status(self) -> dict[str, Any]:
        """The answer; older firmware takes user and password in the address alone, and says so instead of answering 401."""
        query = {"cmnd": _STATUS}
        if self._in_address:
            query |= {"user": self._http.user, "password": self._http.password()}
        _, found = self._http.ask("/cm", query)
        if "Need user" not in str(found.get("WARNING", "")):
            return found
        if not self._http.password_file:
            raise locked(self._http.address)
        if self._in_address:
            self._in_address = False
            raise NoReadingError(
                SourceState.PERMISSION,
                f'{self._http.address} does not take the password for the user "{self._http.user}".',
                f"Check that the first line of {self._http.password_file} is the password of the plug; Tasmota's user is admin.",
            )
        self._in_address = True
        return self._status()


def _sum(value: Any) -> Decimal | None:
    """A number, or the sum of those of several phases."""
    if isinstance(value, list):
        several = [number({"x": each}, "x") for each in value]
        known = [each for each in several if each is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(several) else None
    return number({"x": value}, "x")
