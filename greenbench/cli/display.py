"""Whether a window can open here, and if not, the one sentence that says what to do."""

import ctypes.util
import os
import sys

# Qt's own wheels bring Qt, not these. Library name, Debian package.
_LIBRARIES = (
    ("EGL", "libegl1"),
    ("GL", "libgl1"),
    ("dbus-1", "libdbus-1-3"),
    ("xkbcommon", "libxkbcommon0"),
    ("fontconfig", "libfontconfig1"),
)
_X11_LIBRARIES = (
    ("xcb-cursor", "libxcb-cursor0"),
    ("xcb-icccm", "libxcb-icccm4"),
    ("xcb-image", "libxcb-image0"),
    ("xcb-keysyms", "libxcb-keysyms1"),
    ("xcb-render-util", "libxcb-render-util0"),
    ("xcb-shape", "libxcb-shape0"),
    ("xcb-xinerama", "libxcb-xinerama0"),
    ("xkbcommon-x11", "libxkbcommon-x11-0"),
)


def has_display() -> bool:
    """Whether this session has a screen, as far as the environment says."""
    if sys.platform != "linux":
        return True
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in ("offscreen", "minimal", "vnc"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def missing_libraries() -> list[str]:
    """Debian packages of system libraries that Qt needs and this machine lacks."""
    if sys.platform != "linux":
        return []
    wanted = _LIBRARIES + (_X11_LIBRARIES if os.environ.get("DISPLAY") else ())
    return [package for name, package in wanted if ctypes.util.find_library(name) is None]


def missing_for_window() -> str:
    """Why no window can open here and what to do, in one sentence; "" if it can."""
    packages = missing_libraries()
    if packages:
        return f"The window needs system libraries that are missing: apt-get install -y {' '.join(packages)}"
    if not has_display():
        return "There is no display here. Run a pipeline without a window: greenbench run FILE."
    return ""
