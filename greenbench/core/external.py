"""Meters outside the machine: wall plugs and lab instruments that the user named, how each is reached, and the file that keeps them.

The file is `meters.json` in the user's folder. A password never stands in it: only the place of the file that holds it.
"""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from greenbench.core.errors import MeterError, ParameterError
from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.value import Value
from greenbench.core.whole_file import replace_file

FILE_NAME = "meters.json"
_FORMAT = "greenbench meters"


class ExternalKind(StrEnum):
    """What speaks at the other end."""

    SHELLY = "shelly"
    TASMOTA = "tasmota"
    SCPI = "scpi"

    @property
    def words(self) -> str:
        return {"shelly": "Shelly plug", "tasmota": "Tasmota plug", "scpi": "Power analyser (SCPI)"}[self.value]

    @property
    def address_help(self) -> str:
        """What an address looks like."""
        plug = "Name or number in this network: 192.168.1.40 or plug.local; with a port as 192.168.1.40:8080."
        visa = "VISA resource: TCPIP::192.168.1.50::INSTR, USB0::0x0B21::…::INSTR; a bare network address means the first."
        return visa if self is ExternalKind.SCPI else plug


class WiredParams(Params):
    """What every meter outside the machine has."""

    whole: bool = parameter(
        True,
        "Feeds the whole machine",
        "Nothing but this computer hangs on it, and all of its power comes through it. If not, the meter is shown and never counted.",
    )


class PlugParams(WiredParams):
    """What plugs that speak HTTP have in common."""

    user: str = parameter("admin", "User", "Only where the plug asks for a password.", advanced=True)
    password_file: str = parameter(
        "",
        "Password file",
        "A text file with the password in its first line. Its place is kept, never the password.",
        kind=FieldKind.FILE,
        advanced=True,
    )


class ShellyParams(PlugParams):
    """A Shelly plug or relay with a power meter, of any generation."""

    output: int = parameter(0, "Output", "Which of its outputs the machine hangs on, counted from 0.", ge=0, le=7, advanced=True)


class TasmotaParams(PlugParams):
    """A plug with the firmware Tasmota."""


_GENERIC = {"profile": ("generic",)}


class ScpiParams(WiredParams):
    """A power analyser: which dialect it speaks, or, for one that is not known here, the commands as data."""

    profile: Literal["wt300", "generic"] = parameter(
        "wt300",
        "Instrument",
        "Which commands it understands.",
        choices={"wt300": "Yokogawa WT310, WT330 (also E)", "generic": "Another, by its commands"},
    )
    element: int = parameter(
        1, "Input element", "The input that the machine hangs on.", ge=1, le=3, visible_when={"profile": ("wt300",)}, advanced=True
    )
    setup: str = parameter("", "Setup commands", "Sent once, one a line.", kind=FieldKind.LINES, visible_when=_GENERIC)
    power_query: str = parameter("MEASure:POWer?", "Power query", "Answers with the active power.", visible_when=_GENERIC)
    power_scale: float = parameter(
        1.0, "Power scale", "Watts for each unit of the answer: 0.001 for milliwatts.", gt=0, visible_when=_GENERIC, advanced=True
    )
    energy_query: str = parameter(
        "", "Energy query", "Answers with the energy since its start; empty: the power is summed.", visible_when=_GENERIC
    )
    energy_unit: Literal["J", "Wh", "kWh"] = parameter(
        "Wh", "Energy unit", "What the energy query counts.", choices={"J": "J", "Wh": "Wh", "kWh": "kWh"}, visible_when=_GENERIC
    )
    position: int = parameter(
        1, "Position", "Which number of the answer counts, where it has several.", ge=1, le=99, visible_when=_GENERIC, advanced=True
    )
    refresh_s: float = parameter(0.25, "Update interval", "How often it has a new value.", unit="s", ge=0.01, le=60, visible_when=_GENERIC)
    error_reading: float = parameter(
        0.001, "Error of the reading", "From its data sheet.", percent=True, ge=0, le=0.5, visible_when=_GENERIC
    )
    error_range: float = parameter(
        0.0005, "Error of the range", "From its data sheet; a share of the range below.", percent=True, ge=0, le=0.5,
        visible_when=_GENERIC, advanced=True,
    )  # fmt: skip
    range_w: float = parameter(
        0.0, "Power range", "Of the range that is set; 0: not known, the error of the range is left out.", unit="W", ge=0,
        visible_when=_GENERIC, advanced=True,
    )  # fmt: skip
    library: str = parameter(
        "", "VISA library", "Empty: the one that is installed, else pyvisa-py (@py).", suggestions=("@py", "@ivi"), advanced=True
    )


PARAMS: dict[ExternalKind, type[WiredParams]] = {
    ExternalKind.SHELLY: ShellyParams,
    ExternalKind.TASMOTA: TasmotaParams,
    ExternalKind.SCPI: ScpiParams,
}


class ExternalMeter(Value):
    """One meter outside the machine. `key` names it in commands and files; `options` are the values of its `PARAMS`."""

    kind: ExternalKind
    key: str
    title: str
    address: str
    options: dict[str, Any] = {}

    @property
    def params(self) -> WiredParams:
        """The options, checked. Raises ParameterError."""
        return PARAMS[self.kind].checked(self.options, self.title)

    @property
    def channel(self) -> str:
        """The key of its line of power, and of its report."""
        return f"external:{self.key}"


class _File(Value):
    format: Literal["greenbench meters"] = "greenbench meters"
    version: Literal[1] = 1
    meters: tuple[dict[str, Any], ...] = ()


def described(kind: ExternalKind, address: str, title: str = "", options: dict[str, Any] | None = None) -> ExternalMeter:
    """A meter from what a user typed; its key is made from its title.

    Raises:
        MeterError: the address cannot be one.
        ParameterError: an option is not possible.
    """
    place = _visa(address) if kind is ExternalKind.SCPI else _host(address)
    name = title.strip() or f"{kind.words} at {place}"
    slug = re.sub(r"[^a-z0-9]+", "-", (title.strip() or kind.value).lower()).strip("-") or kind.value
    meter = ExternalMeter(kind=kind, key=slug[:40], title=name, address=place, options=dict(options or {}))
    return meter.model_copy(update={"options": meter.params.plain()})


def load_meters(home: Path) -> tuple[tuple[ExternalMeter, ...], str]:
    """The meters that are kept in a folder, and in a sentence what of the file cannot be used ("": nothing)."""
    path = home / FILE_NAME
    try:
        content = _File.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return (), ""
    except OSError as error:
        return (), f"The list of meters {path} cannot be read: {(error.strerror or str(error)).lower()}."
    except (ValidationError, ValueError):
        return (), f"The list of meters {path} is damaged and not used."
    good: dict[str, ExternalMeter] = {}
    bad = []
    for entry in content.meters:
        try:
            meter = ExternalMeter.model_validate(entry)
            meter.params  # noqa: B018 - raises for options that are not possible
            good[meter.key] = meter
        except (ValidationError, ParameterError):
            bad.append(str(entry.get("title") or entry.get("key") or "one without a name"))
    names = ", ".join(bad)
    return tuple(good.values()), f"The list of meters {path} describes {names} in a way that cannot be used: left out." if bad else ""


def add_meter(home: Path, meter: ExternalMeter) -> ExternalMeter:
    """Keeps a meter; one whose key is taken gets a number. Returns it as it is kept.

    Raises:
        MeterError: the list is damaged or cannot be written, or has this address already.
    """
    kept = _usable(home)
    same = next((other for other in kept if (other.kind, other.address) == (meter.kind, meter.address)), None)
    if same and same.options == meter.options:
        raise MeterError(
            f'{meter.address} is in the list already, as "{same.key}".', f"Remove that first: greenbench sensors remove {same.key}"
        )
    keys = {other.key for other in kept}
    key, number = meter.key, 1
    while key in keys:
        number += 1
        key = f"{meter.key}-{number}"
    meter = meter.model_copy(update={"key": key})
    save_meters(home, (*kept, meter))
    return meter


def remove_meter(home: Path, key: str) -> ExternalMeter:
    """Takes a meter out of the list and returns it.

    Raises:
        MeterError: there is none of that key; the list is damaged or cannot be written.
    """
    kept = _usable(home)
    meter = find_meter(kept, key)
    save_meters(home, tuple(other for other in kept if other is not meter))
    return meter


def find_meter(meters: tuple[ExternalMeter, ...], key: str) -> ExternalMeter:
    """The meter of a key, with or without "external:" before it.

    Raises:
        MeterError: there is none.
    """
    wanted = key.removeprefix("external:")
    for meter in meters:
        if meter.key == wanted:
            return meter
    known = ", ".join(meter.key for meter in meters)
    raise MeterError(f'There is no external meter "{key}".', f"There are: {known}." if known else "None has been added yet.")


def save_meters(home: Path, meters: tuple[ExternalMeter, ...]) -> None:
    """Writes the list, whole or not at all.

    Raises:
        MeterError: it cannot be written.
    """
    content = {"format": _FORMAT, "version": 1, "meters": [meter.model_dump(mode="json") for meter in meters]}
    try:
        home.mkdir(parents=True, exist_ok=True)
        replace_file(home / FILE_NAME, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise MeterError(
            f"The list of meters {home / FILE_NAME} cannot be written: {(error.strerror or str(error)).lower()}.",
            "Make room or change its permissions, or set GREENBENCH_HOME to another folder.",
        ) from None


def _usable(home: Path) -> tuple[ExternalMeter, ...]:
    kept, trouble = load_meters(home)
    if trouble:
        raise MeterError(trouble, "Mend the file, or delete it and add the meters again; nothing was changed.")
    return kept


def _host(address: str) -> str:
    """ "http://192.168.1.40/" → "192.168.1.40"."""
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme != "http" or not parts.hostname or parts.username or parts.path not in ("", "/") or re.search(r"[\s?#]", text):
        raise MeterError(f'"{address}" is no address of a plug.', ExternalKind.SHELLY.address_help)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}" if port else host


def _visa(address: str) -> str:
    """ "192.168.1.50" → "TCPIP::192.168.1.50::INSTR"."""
    text = address.strip()
    if "::" in text and not re.search(r"\s", text):
        return text
    if re.fullmatch(r"[A-Za-z0-9.-]+", text):
        return f"TCPIP::{text}::INSTR"
    raise MeterError(f'"{address}" is no address of an instrument.', ExternalKind.SCPI.address_help)
