"""How long until the window is painted, beside how long a bare `import torch` takes on the same machine. Run it by hand.

python tests/speed/first_paint.py
"""

import os
import subprocess
import sys
import tempfile

REPEATS = 3

_WINDOW = """
import sys, time, psutil
import greenbench.gui.app as app
from PySide6.QtWidgets import QApplication
from greenbench.gui import style
from greenbench.gui.late_runner import LateRunner
application = QApplication(sys.argv[:1])
style.load_fonts()
runner = LateRunner(app._local_runner)
window = app.build(application, runner)
app.open_first(window, None)
def painted():
    print(time.time() - psutil.Process().create_time())
    window.close()
window.painted.connect(painted)
app.show(window)
application.exec()
runner.close()
"""
_TORCH = "import torch, time, psutil; print(time.time() - psutil.Process().create_time())"


def seconds(code: str) -> float:
    """The best of a few fresh processes, from their creation to what they print."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"), "GREENBENCH_HOME": home}
        times = []
        for _ in range(REPEATS):
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
            times.append(float(done.stdout.split()[-1]))
    return min(times)


def main() -> int:
    torch, window = seconds(_TORCH), seconds(_WINDOW)
    print(f"{'bare import torch':<24}{torch:>8.2f} s")
    print(f"{'window painted':<24}{window:>8.2f} s")
    print(f"aim: painted before the import would have ended: {'met' if window < torch else 'NOT met'}")
    return 0 if window < torch else 1


if __name__ == "__main__":
    raise SystemExit(main())
