"""Where things lie on this machine: the user's data folder and the files that come with the product."""

import os
from pathlib import Path

import platformdirs

import greenbench


def home() -> Path:
    """The folder of runs, cache and settings; the environment variable GREENBENCH_HOME overrides it."""
    return Path(os.environ.get("GREENBENCH_HOME") or platformdirs.user_data_dir("greenbench", appauthor=False))


def data_folder() -> Path | None:
    """The folder in which the user keeps well-known data sets, a folder each ("mnist", "fashion-mnist"), if the environment variable
    GREENBENCH_DATA names one."""
    given = os.environ.get("GREENBENCH_DATA", "").strip()
    return Path(given).expanduser() if given else None


def resources() -> Path:
    """The folder of icons, fonts, report templates and sample pipelines: inside the installed package, or beside it in a checkout."""
    package = Path(greenbench.__file__).parent
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"
