"""The measuring, measured: one command, one table for each promise, and exit code 1 if one is broken.

Run it: python tests/speed/metrology.py [energy] [peers] [cost] …    (nothing named: all)
Each part is a module with `tables()`; it says what is asked, what came out, and what must hold.
"""

import importlib
import sys
from collections.abc import Sequence

PARTS = {
    "energy": "metrology_energy",
    "peers": "metrology_peers",
    "cost": "metrology_cost",
    "latency": "metrology_latency",
    "window": "window_effect",
}


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"No part {', '.join(unknown)}; there are: {', '.join(PARTS)}.")
        return 2
    broken = 0
    for name in names or PARTS:
        for table in importlib.import_module(PARTS[name]).tables():
            table.show()
            broken += len(table.broken)
    print(f"\n{'All promises are kept.' if not broken else f'{broken} rows break a promise.'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
