"""NVIDIA boards over a fake library: the best way of each board, and what happens when a board or the driver fails."""

import pytest

from greenbench.core.measurement import Provenance, SourceState
from greenbench.meters.nvml import NvmlMeter

A, B = "GPU-aaaa1111", "GPU-bbbb2222"


def test_each_board_uses_the_best_way_it_has(nvml, board, clock):
    library = nvml(
        board(A, energy_mj=1000),
        board(B, instant_mw=50_000, usage_mw=49_000),
        board("GPU-c", usage_mw=20_000),
        board("GPU-d", name="Quadro M1000M"),
    )
    report = NvmlMeter(lambda: library, clock).report()
    assert [(channel.key, channel.provenance) for channel in report.channels] == [
        (f"nvml:{A}", Provenance.COUNTER),
        (f"nvml:{B}", Provenance.INTEGRATED),
        ("nvml:GPU-c", Provenance.INTEGRATED),
    ]
    assert report.provenance is Provenance.INTEGRATED
    assert report.state is SourceState.IN_USE
    assert "Quadro M1000M" in report.reason


def test_numbers_come_in_joules_and_watts(nvml, board, clock):
    library = nvml(board(A, energy_mj=10_000), board(B, instant_mw=75_500), board("GPU-c", usage_mw=20_250))
    meter = NvmlMeter(lambda: library, clock)
    first = meter.read()
    assert [sample.energy_j for sample in first] == [10.0, None, None]
    assert [sample.power_w for sample in first] == [None, 75.5, 20.25]
    clock.tick(0.1)
    library.boards[0].energy_mj = 17_000
    assert meter.read()[0].power_w == pytest.approx(70.0)


def test_a_missing_field_on_one_board_wipes_nothing_on_the_other(nvml, board, clock):
    library = nvml(board(A, energy_mj=10_000), board(B, energy_mj=20_000))
    meter = NvmlMeter(lambda: library, clock)
    meter.read()
    clock.tick(0.1)
    library.boards[0].energy_mj = library.NVMLError("GPU is lost")
    library.boards[1].energy_mj = 21_000
    lost, fine = meter.read()
    assert (lost.power_w, lost.energy_j) == (None, None)
    assert "GPU is lost" in lost.reason
    assert fine.power_w == pytest.approx(10.0)
    report = meter.report()
    assert report.state is SourceState.SILENT
    assert len(report.channels) == 2
    clock.tick(0.1)
    library.boards[0].energy_mj = 12_000
    assert meter.read()[0].energy_j == 12.0
    assert meter.report().state is SourceState.IN_USE


def test_a_counter_that_does_not_run_is_not_used(nvml, board, clock):
    library = nvml(board(A, energy_mj=0, instant_mw=30_000))
    assert NvmlMeter(lambda: library, clock).report().channels[0].provenance is Provenance.INTEGRATED


def test_a_stalled_counter_falls_silent(nvml, board, clock):
    library = nvml(board(A, energy_mj=5_000))
    meter = NvmlMeter(lambda: library, clock)
    meter.read()
    clock.tick(0.1)
    assert meter.read() == ()
    clock.tick(3)
    assert "not moved" in meter.read()[0].reason


def test_a_driver_that_goes_away_stays_as_a_silent_channel_and_comes_back(nvml, board, clock):
    library = nvml(board(A, energy_mj=5_000))
    meter = NvmlMeter(lambda: library, clock)
    meter.read()
    library.boards[0].energy_mj = library.NVMLError("Driver Not Loaded")
    clock.tick(0.1)
    meter.read()
    library.init_error = library.NVMLError_DriverNotLoaded("Driver Not Loaded")
    clock.tick(11)
    report = meter.report()
    assert report.state is SourceState.SILENT
    assert [channel.key for channel in report.channels] == [f"nvml:{A}"]
    assert meter.read()[0].energy_j is None
    assert meter.facts().percent is None
    library.init_error = None
    library.boards[0].energy_mj = 6_000
    clock.tick(11)
    meter.report()
    assert meter.read()[0].energy_j == 6.0
    assert meter.report().state is SourceState.IN_USE
    assert library.open == 1
    meter.close()
    assert library.open == 0


def test_it_asks_at_most_fifty_times_a_second(nvml, board, clock):
    library = nvml(board(A, instant_mw=1000))
    meter = NvmlMeter(lambda: library, clock)
    assert len(meter.read()) == 1
    library.boards[0].instant_mw = 2000
    clock.tick(0.019)
    assert meter.read() == ()
    clock.tick(0.001)
    assert meter.read()[0].power_w == 2.0


def test_a_board_cut_into_slices_says_what_its_number_covers(nvml, board, clock):
    report = NvmlMeter(lambda: nvml(board(A, energy_mj=5_000, mig=[1, 1])), clock).report()
    assert "MIG slices have no power of their own" in report.channels[0].covers


@pytest.mark.parametrize(
    ("error", "state", "word"),
    [
        ("NVMLError_LibraryNotFound", SourceState.ABSENT, "no NVIDIA driver"),
        ("NVMLError_DriverNotLoaded", SourceState.ABSENT, "modprobe"),
        ("NVMLError_LibRmVersionMismatch", SourceState.SILENT, "Restart"),
        ("NVMLError_NoPermission", SourceState.PERMISSION, "/dev/nvidia"),
        ("NVMLError", SourceState.SILENT, "nvidia-smi"),
    ],
)
def test_a_driver_that_does_not_open_says_why(nvml, clock, error, state, word):
    library = nvml()
    library.init_error = getattr(library, error)("code")
    report = NvmlMeter(lambda: library, clock).report()
    assert (report.state, report.channels) == (state, ())
    assert word in f"{report.reason} {report.remedy}"


def test_without_the_library_it_says_what_to_install(clock):
    def missing():
        raise ImportError("pynvml")

    meter = NvmlMeter(missing, clock)
    assert "nvidia-ml-py" in meter.report().remedy
    assert meter.read() == ()


def test_a_driver_without_boards_is_absence(nvml, clock):
    assert NvmlMeter(nvml, clock).report().state is SourceState.ABSENT


@pytest.mark.parametrize(
    ("environ", "names", "counted"),
    [
        ({}, ("H200", "H200"), [True, True]),
        ({"CUDA_VISIBLE_DEVICES": B}, ("H200", "A2000"), [False, True]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-bb"}, ("H200", "A2000"), [False, True]),
        ({"CUDA_VISIBLE_DEVICES": "1"}, ("H200", "H200"), [False, True]),
        ({"CUDA_VISIBLE_DEVICES": "1"}, ("H200", "A2000"), [True, True]),
        ({"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, ("H200", "A2000"), [False, True]),
        ({"CUDA_VISIBLE_DEVICES": ""}, ("H200", "A2000"), [False, False]),
    ],
)
def test_boards_hidden_from_programs_are_shown_but_not_counted(nvml, board, clock, environ, names, counted):
    library = nvml(board(A, names[0], energy_mj=1), board(B, names[1], energy_mj=1))
    channels = NvmlMeter(lambda: library, clock, environ).report().channels
    assert [channel.counted for channel in channels] == counted


@pytest.mark.parametrize(
    ("visible", "counted"),
    [
        ("MIG-1111", [True, False]),
        (f"MIG-{B}/7/0", [False, True]),
        ("MIG-1111,1", [True, True]),
        ("MIG-9999", [True, True]),
    ],
)
def test_a_slice_stands_for_the_board_that_it_is_cut_from(nvml, board, clock, visible, counted):
    library = nvml(
        board(A, energy_mj=1, mig=[1, 1], slices=[board("MIG-1111-2222"), board("MIG-3333-4444")]),
        board(B, energy_mj=1, mig=[1, 1], slices=[board("MIG-5555-6666")]),
    )
    channels = NvmlMeter(lambda: library, clock, {"CUDA_VISIBLE_DEVICES": visible}).report().channels
    assert [channel.counted for channel in channels] == counted
    assert all("MIG slices have no power of their own" in channel.covers for channel in channels)


def test_facts_are_those_of_the_busiest_the_hottest_and_the_slowest(nvml, board, clock):
    library = nvml(
        board(A, energy_mj=1, percent=10, heat_c=60, clock_mhz=1980, held_back=0x4),
        board(B, energy_mj=1, percent=90, heat_c=None, clock_mhz=1200, held_back=0x20 | 0x1 | 0x4),
    )
    facts = NvmlMeter(lambda: library, clock).facts()
    assert (facts.percent, facts.temperature_c, facts.clock_hz) == (90.0, 60.0, 1.2e9)
    assert facts.throttle == "power limit, heat"


def test_a_fact_that_one_board_does_not_know_wipes_no_other(nvml, board, clock):
    library = nvml(board(A, energy_mj=1, heat_c=55), board(B, energy_mj=1, percent=None, held_back=0x1))
    facts = NvmlMeter(lambda: library, clock).facts()
    assert (facts.percent, facts.temperature_c, facts.clock_hz, facts.throttle) == (40.0, 55.0, None, "")


def test_an_older_driver_names_the_reasons_by_their_older_question(nvml, board, clock):
    class Older(nvml):
        nvmlDeviceGetCurrentClocksEventReasons = None

    library = Older(board(A, energy_mj=1, held_back=0x40))
    assert NvmlMeter(lambda: library, clock).facts().throttle == "heat (hardware)"


@pytest.mark.gpu
def test_a_real_board_counts_forward():
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        pytest.skip(f"no NVIDIA board: {error}")
    meter = NvmlMeter()
    assert meter.report().state is SourceState.IN_USE
    assert any(sample.power_w or sample.energy_j for sample in meter.read())
    meter.close()
