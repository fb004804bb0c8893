"""The calibrations that the user made on this machine, in a file of the data folder; the newest that fits is the one that is applied."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from greenbench.analysis.calibration import why_not
from greenbench.core.calibration import Calibration
from greenbench.core.errors import StoreError
from greenbench.core.measurement import Channel
from greenbench.core.whole_file import replace_file
from greenbench.engine.environment import cpu_name
from greenbench.meters.pairing import parts, recorded

_FILE = "calibrations.json"
_VERSION = 1
_HOW = "greenbench calibrate pairs a wall meter with the counters"


class CalibrationBook:
    """Reads and writes `calibrations.json`. What cannot be read is left out; a damaged file calibrates nothing."""

    def __init__(self, home: Path) -> None:
        self.path = Path(home) / _FILE

    def all(self) -> tuple[Calibration, ...]:
        """Every calibration kept, newest first."""
        try:
            noted = json.loads(self.path.read_text(encoding="utf-8"))
            entries = noted["calibrations"] if noted.get("version") == _VERSION else []
        except (OSError, ValueError, KeyError, AttributeError):
            return ()
        found = []
        for entry in entries if isinstance(entries, list) else []:
            try:
                found.append(Calibration.model_validate(entry))
            except ValidationError:
                continue  # made by a newer GreenBench, or damaged
        return tuple(sorted(found, key=lambda calibration: calibration.date, reverse=True))

    def keep(self, calibration: Calibration) -> None:
        """Adds one; an earlier one of the same machine and channels gives way.

        Raises:
            StoreError: it cannot be written down.
        """
        self._write((calibration, *(old for old in self.all() if _whose(old) != _whose(calibration))))

    def forget(self) -> int:
        """Removes all of this machine; returns how many there were.

        Raises:
            StoreError: the file cannot be written.
        """
        here = (cpu_name(), platform.node())
        kept = tuple(old for old in self.all() if (old.cpu, old.hostname) != here)
        gone = len(self.all()) - len(kept)
        if gone:
            self._write(kept)
        return gone

    def fitting(self, channels: Sequence[Channel]) -> tuple[Calibration | None, str]:
        """The newest that holds for this machine with these channels in use, or None and why, as the end of a sentence."""
        counters = parts(channels)
        if not counters:
            return None, "no counter of this machine's parts is in use"
        keys, replayed = tuple(channel.key for channel in counters), recorded(counters)
        kept = self.all()
        reasons = [why_not(calibration, cpu_name(), platform.node(), keys, replayed) for calibration in kept]
        for calibration, reason in zip(kept, reasons, strict=True):
            if not reason:
                return calibration, ""
        if not kept:
            return None, f"no calibration: {_HOW}"
        return None, f"the calibration of {kept[0].date[:10]} is not applied: {reasons[0]}"

    def _write(self, several: Sequence[Calibration]) -> None:
        content = {"version": _VERSION, "calibrations": [calibration.model_dump(mode="json") for calibration in several]}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, json.dumps(content, indent=1, ensure_ascii=False).encode())
        except OSError as error:
            raise StoreError(f"The calibration cannot be kept: {error}.", "Make room, or choose another data folder.") from None


def _whose(calibration: Calibration) -> tuple[object, ...]:
    return calibration.cpu, calibration.hostname, calibration.external, calibration.counters, calibration.recorded
