"""What kind of machine this is, as far as it explains why a power source is missing or how a model of it must be scaled."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """`virtual` and `container`: the system says so itself; it may be either without saying it. `packages`: processor sockets."""

    system: str
    cpu: str
    virtual: bool
    container: bool
    packages: int


def this_machine(root: Path = Path("/"), system: str = sys.platform) -> Machine:
    """The machine this runs on; `root` is where /proc and the container marks are looked for."""
    cpuinfo = _text(root / "proc/cpuinfo") if system == "linux" else ""
    lines = [line.partition(":") for line in cpuinfo.splitlines()]
    fields = [(key.strip(), value.strip()) for key, _, value in lines]
    names = [value for key, value in fields if key == "model name"]
    flags = next((value.split() for key, value in fields if key == "flags"), [])
    sockets = {value for key, value in fields if key == "physical id"}
    marks = (root / ".dockerenv", root / "run/.containerenv")
    groups = _text(root / "proc/1/cgroup") if system == "linux" else ""
    return Machine(
        system=system,
        cpu=names[0] if names else _name_elsewhere(system),
        virtual="hypervisor" in flags,
        container=any(mark.exists() for mark in marks) or any(word in groups for word in ("docker", "kubepods", "containerd", "lxc")),
        packages=max(1, len(sockets)),
    )


def _name_elsewhere(system: str) -> str:
    if system == "win32":
        return _windows_name() or platform.processor()
    if system == "darwin":
        return _darwin_name() or platform.processor()
    return platform.processor()


def _windows_name() -> str:
    import winreg  # Windows only

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:  # type: ignore[attr-defined,unused-ignore]
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return ""


def _darwin_name() -> str:
    import subprocess

    try:
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
