"""The rules that keep the house simple are checked by machine, and one planted fault proves that the alarm rings."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([str(command), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_imports_point_one_way():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core", "import greenbench.engine.plan"),
        ("meters", "import greenbench.store"),
        ("analysis", "import PySide6"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, room, line):
    shutil.copytree(ROOT / "greenbench", tmp_path / "greenbench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "greenbench" / room / "planted.py"
    planted.write_text(f'"""A fault."""\n\n{line}\n')
    # The copy must be the one that is found, not the installed project.
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n")
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [str(command), "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path)}
    )
    assert result.returncode != 0
    assert "planted" in result.stdout


def test_a_package_without_a_place_is_found(tmp_path):
    shutil.copytree(ROOT / "greenbench", tmp_path / "greenbench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "greenbench" / "misc.py").write_text('"""No room has this name."""\n')
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [str(command), "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tmp_path)}
    )
    assert result.returncode != 0
    assert "misc" in result.stdout
