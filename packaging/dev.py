#!/usr/bin/env python3
"""The two commands of the README, and what they need: makes .venv, installs the project, then runs it.

    python3 packaging/dev.py demo                             the quick-start comparison, in the window where there is a display
    python3 packaging/dev.py demo --headless [--out DIR]      the same in the terminal, with files in DIR; --out alone means this too
    python3 packaging/dev.py test [PYTEST ARGUMENTS]          the whole test suite
    python3 packaging/dev.py papers [ARGUMENTS]               the papers' pipelines; writes tests/papers/RESULTS.md; see papers.py --help
    python3 packaging/dev.py run [FILE]                       the window
    python3 packaging/dev.py setup                            only install

Standard library alone; works on Linux, macOS and Windows; a second call finds everything in place.
"""

import argparse
import ctypes.util
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "greenbench-installed"
QUICK_START = ROOT / "resources" / "pipelines" / "quick-start.greenbench"
OLDEST = (3, 11)

# What Qt's wheels do not bring. Library name, Debian package.
QT_LIBRARIES = {"EGL": "libegl1", "GL": "libgl1", "dbus-1": "libdbus-1-3", "xkbcommon": "libxkbcommon0", "fontconfig": "libfontconfig1"}
X11_LIBRARIES = {
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-image": "libxcb-image0",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-shape": "libxcb-shape0",
    "xcb-xinerama": "libxcb-xinerama0",
    "xkbcommon-x11": "libxkbcommon-x11-0",
}


def stop(sentence: str) -> None:
    """Says what is missing and ends."""
    sys.exit(f"dev.py: {sentence}")


def has_display() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def check_libraries(names: dict[str, str]) -> None:
    """Ends with the exact apt-get line if a system library that Qt needs is missing."""
    if sys.platform != "linux":
        return
    missing = [package for name, package in names.items() if ctypes.util.find_library(name) is None]
    if missing:
        stop(f"system libraries are missing for the window; on Debian or Ubuntu: apt-get install -y {' '.join(missing)}")


def stamp() -> str:
    """What an installation depends on: the project file and the interpreter."""
    content = (ROOT / "pyproject.toml").read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(content).hexdigest()


def setup() -> None:
    """Makes .venv and installs the project with its test tools, unless that is done."""
    if sys.version_info < OLDEST:
        stop(f"Python {OLDEST[0]}.{OLDEST[1]} or later is needed; this is {sys.version.split()[0]}.")
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == stamp():
        return
    if not PYTHON.exists():
        print("Making .venv …", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
        if made.returncode:
            hint = "apt-get install -y python3-venv" if sys.platform == "linux" else made.stderr.strip()
            stop(f"Python's venv module is missing or failed; on Debian or Ubuntu: {hint}")
    print("Installing GreenBench and what it needs (several GB the first time, a few minutes) …", flush=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    for arguments in (["--upgrade", "pip"], ["--editable", f"{ROOT}[dev]"]):
        if subprocess.run(pip + arguments, cwd=ROOT, check=False).returncode:
            stop("the installation failed, see above; check the network and the free disk space (about 7 GB), then call again.")
    STAMP.write_text(stamp())


def run(arguments: list[str], environment: dict[str, str] | None = None) -> int:
    """Runs the project's Python with these arguments, here; Ctrl+C is the child's to handle."""
    process = subprocess.Popen([str(PYTHON), *arguments], cwd=ROOT, env={**os.environ, **(environment or {})})
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def demo(headless: bool, out: Path) -> int:
    """The quick-start comparison: in the window where there is a display, else in the terminal with files in `out`."""
    if has_display() and not headless:
        check_libraries({**QT_LIBRARIES, **(X11_LIBRARIES if os.environ.get("DISPLAY") else {})})
        return run(["-m", "greenbench", "window", str(QUICK_START), "--run"])
    code = run(["-m", "greenbench", "run", str(QUICK_START), "--out", str(out), "--report", str(out / "report.pdf")])
    if code == 0:
        print(f"The comparison is in {out}: open report.pdf first; results.json and results.csv have every number, models the files.")
    return code


def test(arguments: list[str]) -> int:
    """The whole suite, without a display, two files at a time; with arguments of pytest's own just what they ask for."""
    check_libraries(QT_LIBRARIES)
    # By file: what a file's tests share is made once. Two, since many of them start processes that are timed.
    return run(["-m", "pytest", *(arguments or ("-n", "2", "--dist", "loadfile"))], {"QT_QPA_PLATFORM": "offscreen"})


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py", description="Install, run and test GreenBench from a checkout.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="make .venv and install")
    window = commands.add_parser("run", help="open the window")
    window.add_argument("file", nargs="?", help="a .greenbench pipeline")
    shown = commands.add_parser("demo", help="run the quick-start comparison")
    shown.add_argument("--headless", action="store_true", help="in the terminal, also where there is a display")
    shown.add_argument("--out", type=Path, help="where results go (default: out/demo); implies --headless")
    commands.add_parser("test", help="run the test suite; further arguments go to pytest")
    commands.add_parser("papers", help="run the papers' pipelines and write what came out; further arguments go to papers.py")
    options, rest = parser.parse_known_args()
    if rest and options.command not in ("test", "papers"):
        parser.error(f"unknown arguments: {' '.join(rest)}")
    setup()
    match options.command:
        case "demo":
            return demo(options.headless or options.out is not None, (options.out or ROOT / "out" / "demo").absolute())
        case "run":
            check_libraries({**QT_LIBRARIES, **(X11_LIBRARIES if os.environ.get("DISPLAY") else {})})
            return run(["-m", "greenbench", "window", *([options.file] if options.file else [])])
        case "test":
            return test(rest)
        case "papers":
            return run([str(ROOT / "packaging" / "papers.py"), *rest])
    return 0


if __name__ == "__main__":
    sys.exit(main())
