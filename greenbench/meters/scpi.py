"""Power analysers that speak SCPI, through pyvisa: the Yokogawa WT300 series, and any other by its commands as data.

The WT310's numbers are those of its communication manual (IM WT310-17EN): `:NUMeric:NORMal` is the list of values that it sends at once,
`:RATE?` its update interval, `:INTEGrate:STATe?` whether it integrates. Where its integration runs, its watt-hours make the joules: nothing
is missed between two questions. Else the watts, each of which is the mean over its update interval, are summed here.
"""

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from greenbench.core.external import ExternalMeter, ScpiParams
from greenbench.core.measurement import SourceState
from greenbench.meters.plug_http import step
from greenbench.meters.polled import Nature, NoReadingError, Reading

# Yokogawa WT310 user's manual, accuracy at 45–66 Hz: ±(0.1 % of reading + 0.05 % of range).
WT300_READING, WT300_RANGE = 0.001, 0.0005
_TIMEOUT_MS = 1000
_LOOK_EVERY = 20  # reads: ranges and integration are changed by hand
_STEPS = 100  # of a counter in the energy of one second: else the summed watts tell more
_JOULES = {"J": 1.0, "Wh": 3600.0, "kWh": 3.6e6}
_ACCESS_DENIED = 13


def open_visa(address: str, library: str) -> Any:
    """A session with an instrument (pyvisa.resources.MessageBasedResource). Raises ImportError and whatever the VISA library does."""
    import pyvisa  # an extra, needed in the meter process alone

    session: Any = pyvisa.ResourceManager(library).open_resource(address, open_timeout=_TIMEOUT_MS)
    session.timeout = _TIMEOUT_MS
    session.read_termination = session.write_termination = "\n"
    return session


class ScpiAnalyser:
    """One input of a power analyser."""

    def __init__(self, meter: ExternalMeter, open_session: Callable[[str, str], Any] = open_visa) -> None:
        params = meter.params
        assert isinstance(params, ScpiParams)
        self._params, self._address, self._open_session = params, meter.address, open_session
        self._session: Any = None
        self._wt300 = params.profile == "wt300"
        self._counting: bool | None = None  # decided once: a source that changed its kind would begin anew
        self._range_w: float | None = params.range_w or None
        self._reads = 0
        self._power_w: float | None = None
        self.nature = Nature(params.refresh_s, params.error_reading)

    def open(self) -> None:
        """Looks which instrument answers and tells it what to send."""
        self._session = self._try(lambda: self._open_session(self._address, self._params.library))
        self._reads = 0
        if self._wt300:
            self._set_up_wt300()
        else:
            for command in self._params.setup.splitlines():
                if command.strip():
                    self._tell(command.strip())
        if self._counting is None:
            power_w, energy_j, step_j = self._values()
            self._counting = energy_j is not None and self._integrating() and step_j * _STEPS <= abs(power_w)

    def read(self) -> Reading:
        if self._reads and self._reads % _LOOK_EVERY == 0:
            self._look()
        self._reads += 1
        power_w, energy_j, step_j = self._values()
        if self._power_w is None or not 0.8 < abs(power_w) / self._power_w < 1.25:
            self._power_w = abs(power_w)
            self.nature = self._with_error(self.nature.refresh_s)
        if not self._counting:
            return Reading(abs(power_w), step=self._power_step, checked_j=energy_j)
        if energy_j is None:
            raise NoReadingError(SourceState.SILENT, "Its integration was reset or stopped.", "Start its integration again.")
        return Reading(abs(power_w), abs(energy_j), step=step_j)

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.close()
            except Exception:  # noqa: BLE001 - libraries raise what they like, and there is nothing left to save
                pass

    def _set_up_wt300(self) -> None:
        identity = self._ask("*IDN?")
        if "WT3" not in identity.upper():
            raise NoReadingError(
                SourceState.ABSENT,
                f'What answers at {self._address} is no Yokogawa WT300: "{identity[:60]}".',
                "Remove this meter and add it with the profile generic and the commands of its manual.",
            )
        element = self._params.element
        self._tell(":COMMunicate:HEADer OFF")
        self._tell(":NUMeric:FORMat ASCii")
        self._tell(":NUMeric:NORMal:NUMBer 2")
        self._tell(f":NUMeric:NORMal:ITEM1 P,{element}")
        self._tell(f":NUMeric:NORMal:ITEM2 WH,{element}")
        trouble = self._ask(":STATus:ERRor?")
        if trouble and not trouble.startswith("0"):
            raise NoReadingError(
                SourceState.SILENT,
                f"The instrument at {self._address} refuses what it is asked to send: {trouble[:80]}.",
                f"Check that it has an input element {element}.",
            )
        self._look()

    def _look(self) -> None:
        """What may be changed by hand: update interval, ranges, integration."""
        if not self._wt300:
            return
        rate_s = self._number(self._ask(":RATE?"))
        volts, amperes = (self._number(self._ask(f":INPut:{what}:RANGe?")) for what in ("VOLTage", "CURRent"))
        self._range_w = None if volts is None or amperes is None else volts * amperes
        self.nature = self._with_error(rate_s or self._params.refresh_s)
        if self._counting and not self._integrating():
            raise NoReadingError(SourceState.SILENT, "Its integration was stopped.", "Start its integration again.")

    def _with_error(self, refresh_s: float) -> Nature:
        reading, of_range = (WT300_READING, WT300_RANGE) if self._wt300 else (self._params.error_reading, self._params.error_range)
        error = reading
        if self._range_w and self._power_w:
            error += of_range * self._range_w / self._power_w
        how = "its own integration makes the joules" if self._counting else "its watts are summed here"
        return Nature(refresh_s, float(f"{error:.2g}"), f"{how[:1].upper()}{how[1:]}.")

    def _integrating(self) -> bool:
        return not self._wt300 or self._ask(":INTEGrate:STATe?").upper().startswith("STAR")

    def _values(self) -> tuple[float, float | None, float]:
        """Watts, joules (None: not counted) and the smallest step of the joules."""
        if self._wt300:
            power, energy = [*self._numbers(self._ask(":NUMeric:NORMal:VALue?")), None, None][:2]
            scale, unit = 1.0, "Wh"
        else:
            power = self._at_position(self._ask(self._params.power_query))
            energy = self._at_position(self._ask(self._params.energy_query)) if self._params.energy_query else None
            scale, unit = self._params.power_scale, self._params.energy_unit
        if power is None:
            raise NoReadingError(
                SourceState.SILENT,
                "It shows no power: nothing is measured yet, or the input is over its range.",
                "Look at its display; set its ranges to automatic.",
            )
        self._power_step = step(power, scale)
        joules = _JOULES[unit]
        return float(power) * scale, None if energy is None else float(energy) * joules, 0.0 if energy is None else step(energy, joules)

    def _at_position(self, answer: str) -> Decimal | None:
        several = self._numbers(answer)
        return several[self._params.position - 1] if len(several) >= self._params.position else None

    def _numbers(self, answer: str) -> list[Decimal | None]:
        return [_decimal(part) for part in answer.split(",")]

    def _number(self, answer: str) -> float | None:
        found = _decimal(answer)
        return None if found is None else float(found)

    def _ask(self, command: str) -> str:
        return str(self._try(lambda: self._session.query(command))).strip()

    def _tell(self, command: str) -> None:
        self._try(lambda: self._session.write(command))

    def _try(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - each VISA library and transport has errors of its own
            self._explain(error)

    def _explain(self, error: Exception) -> NoReturn:
        """The error as one of the states of a source."""
        words = " ".join(str(error).split())[:160]
        if isinstance(error, ImportError):
            raise NoReadingError(
                SourceState.ABSENT,
                "The library for lab instruments is not installed.",
                'Install the extra "lab": pip install "greenbench[lab]"',
            ) from None
        if getattr(error, "errno", None) == _ACCESS_DENIED:
            raise NoReadingError(
                SourceState.PERMISSION,
                f"This user may not use {self._address}.",
                'Join the group that may: dialout for a serial line; for USB a udev rule with MODE="0660" and GROUP="plugdev".',
            ) from None
        if "VISA implementation" in words or "backend" in words.lower() or "Please install" in words:
            raise NoReadingError(
                SourceState.ABSENT,
                f"No VISA library serves {self._address}: {words}",
                'Install the extra "lab": pip install "greenbench[lab]"',
            ) from None
        code = getattr(error, "abbreviation", "")
        if code == "VI_ERROR_TMO" or isinstance(error, TimeoutError):
            reason = f"The instrument at {self._address} does not answer."
            remedy = "Check that the instrument is on, and that remote control is allowed; the question may be one that it does not know."
            raise NoReadingError(SourceState.SILENT, reason, remedy) from None
        raise NoReadingError(
            SourceState.ABSENT,
            f"No instrument is reached at {self._address}: {words.rstrip('.')}.",
            "Check the address on the instrument's own display, and the cable.",
        ) from None


def _decimal(text: str) -> Decimal | None:
    """A number as it was sent, with its digits; None for NAN, INF and words."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    # 9.91E+37 is SCPI's "not a number", 9.9E+37 its infinity (SCPI 1999, vol. 1, 7.2.1.4 and 7.2.1.5).
    return found if found.is_finite() and math.fabs(float(found)) < 9.8e37 else None
