"""Where the next run is measured: what the toolbar's menu chooses, remembered between starts."""

from collections.abc import Sequence

from greenbench.core.errors import GreenBenchError
from greenbench.core.quote import spans
from greenbench.engine.devices import Device, check_threads
from greenbench.gui.device_menu import DeviceMenu, typed_cores
from greenbench.gui.run_control import RunControl
from greenbench.gui.settings import Settings


class ChosenDevice:
    """Keeps menu, run control and settings together. What was remembered but is no longer possible is forgotten."""

    def __init__(self, control: RunControl, settings: Settings, menu: DeviceMenu) -> None:
        self._control, self._settings, self._menu = control, settings, menu
        self._devices: Sequence[Device] = ()
        control.threads, control.affinity = _threads(settings.text("threads")), _cores(settings.text("cores"))
        menu.device_chosen.connect(self._take_device)
        menu.threads_chosen.connect(self._take_threads)
        menu.cores_chosen.connect(self._take_cores)

    def show(self, devices: Sequence[Device]) -> None:
        """The devices of this machine are known now."""
        self._devices = devices
        self._refresh()

    def _take_device(self, key: str) -> None:
        self._control.device = key
        self._settings.set_text("device", key)
        self._refresh()

    def _take_threads(self, threads: int | None) -> None:
        self._control.threads = threads
        self._settings.set_text("threads", str(threads or ""))
        self._refresh()

    def _take_cores(self, cores: tuple[int, ...]) -> None:
        self._control.affinity = cores
        self._settings.set_text("cores", spans(cores))
        self._refresh()

    def _refresh(self) -> None:
        control = self._control
        self._menu.show_choice(self._devices, control.device, control.threads, control.threads_used, control.affinity)


def _threads(text: str) -> int | None:
    try:
        return check_threads(max(int(text), 1))
    except (ValueError, GreenBenchError):
        return None


def _cores(text: str) -> tuple[int, ...]:
    try:
        return typed_cores(text)
    except GreenBenchError:
        return ()
