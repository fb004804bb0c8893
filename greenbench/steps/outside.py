"""What lies outside a pipeline: whether it is there, and a fingerprint, so that a changed file makes its node compute again."""

import os
from pathlib import Path


def of_file(path: str) -> str:
    """Size and time of last change of a file; "absent" where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return "absent"
    return f"{status.st_size}/{status.st_mtime_ns}"


def of_folder(path: str) -> str:
    """Each file of a flat folder with size and time."""
    try:
        entries = sorted(entry.name for entry in os.scandir(path))
    except (OSError, ValueError):
        return "absent"
    return ";".join(f"{name}:{of_file(os.path.join(path, name))}" for name in entries)


def of_tree(path: str, depth: int = 2) -> str:
    """The time of last change of each folder down to `depth`: notices files that come, go or are renamed.

    Files themselves are not looked at; a folder of a million images would keep the window waiting.
    """
    root = Path(path)
    try:
        if not path or not root.is_dir():
            return "absent"
        folders = [root]
        level = [root]
        for _ in range(depth):
            level = [Path(entry.path) for folder in level for entry in os.scandir(folder) if entry.is_dir()]
            folders += level
        return ";".join(sorted(f"{folder.relative_to(root)}:{folder.stat().st_mtime_ns}" for folder in folders))
    except (OSError, ValueError):
        return "absent"


def together(*fingerprints: str) -> str:
    """Several fingerprints as one; what is absent does not count beside what is there."""
    return ";".join(part for part in fingerprints if part != "absent") or "absent"


def no_folder(path: str) -> tuple[str, str] | None:
    """The sentence and the remedy where a folder is not chosen or not there."""
    if not path:
        return "no folder is chosen.", "Choose one in the form on the right, or with --set NODE.folder=PATH."
    if not Path(path).is_dir():
        what = "is a file, not a folder" if Path(path).exists() else "does not exist"
        return f"the folder {path} {what}.", "Check the path."
    return None


def no_file(path: str) -> tuple[str, str] | None:
    """The same for a file."""
    if not path:
        return "no file is chosen.", "Choose one in the form on the right, or with --set NODE.file=PATH."
    if not Path(path).is_file():
        what = "is a folder, not a file" if Path(path).exists() else "does not exist"
        return f"the file {path} {what}.", "Check the path."
    return None
