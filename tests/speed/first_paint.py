"""First paint of the window against a bare `import torch`, whole processes in turn on this machine.

    python tests/speed/first_paint.py [ROUNDS]

Uses the screen if there is one, else Qt's offscreen platform. Aim: the window is painted before the import would have ended.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

# The real start, which leaves as soon as the window says that it has painted.
PAINT = """
import sys
import greenbench.gui.app as app

def painted(window, runner, start):
    print("painted", flush=True)
    import os
    os._exit(0)

app._after_first_paint = painted
sys.exit(app.run([]))
"""


def timed(code: str, home: str, until: bytes = b"") -> float:
    """Seconds from the start of a process until it says a word, or ends."""
    environment = {**os.environ, "GREENBENCH_HOME": home}
    if sys.platform == "linux" and not environment.get("DISPLAY"):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    said = process.stdout.readline() if until else process.stdout.read()
    seconds = time.perf_counter() - started
    process.wait()
    if until and until not in said:
        raise SystemExit("the window did not open")
    return seconds


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        timed(PAINT, home, b"painted")  # both once unmeasured, so that their files are in memory
        timed("import torch", home)
        window, torch = [], []
        for number in range(rounds):
            for which in ("window", "torch") if number % 2 == 0 else ("torch", "window"):
                if which == "window":
                    window.append(timed(PAINT, home, b"painted"))
                else:
                    torch.append(timed("import torch", home))
    ratios = [a / b for a, b in zip(window, torch, strict=True)]
    print(f"{'':24} {'min, s':>8} {'median, s':>10} {'max, s':>8}")
    for title, values in (("window, first paint", window), ("import torch", torch)):
        print(f"{title:24} {min(values):8.2f} {statistics.median(values):10.2f} {max(values):8.2f}")
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
