"""Each door brings only what it needs: the window opens without torch, a run needs no Qt, an ONNX child no torch."""

import subprocess
import sys

import pytest

from greenbench.core import places

QT = ("PySide6", "pyqtgraph", "qtawesome")
TORCH = ("torch", "torchvision", "timm", "torch_pruning")
SLOW = ("numpy", "scipy", "pyqtgraph", "matplotlib", "onnx", "onnxruntime", "PIL", "codecarbon", "pyvisa")
PAINTED = """
import os
os.environ.update(QT_QPA_PLATFORM="offscreen", GREENBENCH_HOME={home!r})
from pathlib import Path
from PySide6.QtWidgets import QApplication
from greenbench.gui import app, style
from greenbench.gui.late_runner import LateRunner

application = QApplication([])
style.load_fonts()
window = app.build(application, LateRunner(lambda: app._local_runner(None)))
app.open_first(window, {file})
window.painted.connect(application.quit)
app.show(window)
application.exec()
"""


def modules_after(code: str) -> set[str]:
    """The top-level modules loaded in a fresh process after some code."""
    script = f"import sys\n{code}\nprint(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("door", "code", "absent"),
    [
        ("window", "import greenbench.gui.app, greenbench.gui.main_window", TORCH),
        ("catalogue", "from greenbench.steps import installed; assert len(installed()) >= 10", TORCH + QT),
        ("runner", "import greenbench.engine.runner", TORCH + QT),
        ("command line", "import greenbench.cli.run, greenbench.cli.listing, greenbench.cli.compare, greenbench.cli.check", TORCH + QT),
        ("report", "import greenbench.report", TORCH + QT),
        ("meter", "import greenbench.meters.sampler, greenbench.meters.discover", (*TORCH, *QT, "codecarbon", "matplotlib")),
        ("bench child", "import greenbench.engine.bench.child", TORCH + QT),
    ],
)
def test_a_door_brings_only_what_it_needs(door, code, absent):
    assert not modules_after(code) & set(absent), f"the {door} should not load these"


@pytest.mark.parametrize("sample", ["", "quick-start", "papers/R1-soft-targets"])
def test_the_window_is_painted_before_anything_slow_is_loaded(sample, tmp_path):
    file = f"Path({str(places.resources() / 'pipelines' / f'{sample}.greenbench')!r})" if sample else "None"
    loaded = modules_after(PAINTED.format(home=str(tmp_path), file=file))
    assert "greenbench" in loaded
    assert not loaded & {*TORCH, *SLOW}


def test_the_worker_brings_torch_and_never_qt():
    code = "from greenbench.steps import installed\nimport greenbench.engine.worker\n[spec.load() for spec in installed()]"
    loaded = modules_after(code)
    assert "torch" in loaded
    assert not loaded & set(QT)
