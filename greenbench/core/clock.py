"""The one clock of all time stamps: monotonic, of nanosecond resolution, and shared by the processes of one machine.

`perf_counter` is CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS and the performance counter on Windows, where
`time.monotonic` would tick in steps of 15 ms.
"""

from time import perf_counter_ns as now_ns

__all__ = ["now_ns"]
