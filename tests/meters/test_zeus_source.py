"""AMD, Apple and Jetson through the real zeus, over makers' libraries that are made up."""

from types import SimpleNamespace

import pytest

from greenbench.core.measurement import Provenance, SourceState
from greenbench.meters import zeus_source
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.zeus_source import FAMILIES, ZeusMeter

AMD, APPLE, JETSON = FAMILIES


class AmdSmiError(Exception):
    def __init__(self, code=2, text="not supported"):
        super().__init__(text)
        self.code, self.text = code, text

    def get_error_code(self):
        return self.code

    def get_error_info(self):
        return self.text


class FakeAmdSmi:
    """As much of AMD's library as zeus asks for. `energy` and `power` are None where a board does not have them."""

    AmdSmiLibraryException = AmdSmiException = AmdSmiError
    AmdSmiInitFlags = SimpleNamespace(INIT_AMD_GPUS=2)

    def __init__(self, *boards):
        self.boards = list(boards)
        self.down = None

    def amdsmi_init(self, flags):
        if self.down:
            raise self.down

    def amdsmi_shut_down(self):
        pass

    def amdsmi_get_processor_handles(self):
        return list(range(len(self.boards)))

    def amdsmi_get_gpu_enumeration_info(self, handle):
        return {"hip_id": handle}

    def amdsmi_get_gpu_asic_info(self, handle):
        return {"market_name": self.boards[handle]["name"]}

    def amdsmi_get_power_info(self, handle):
        power = self.boards[handle]["power_w"]
        if isinstance(power, Exception):
            raise power
        return {"current_socket_power": power, "average_socket_power": "N/A"}

    def amdsmi_get_energy_count(self, handle):
        energy_j = self.boards[handle]["energy_j"]
        if isinstance(energy_j, Exception):
            raise energy_j
        return {"energy_accumulator": int(energy_j * 1e6 / 15.259), "counter_resolution": 15.259}

    def run(self, seconds):
        for board in self.boards:
            if board["counts"]:
                board["energy_j"] += board["power_w"] * seconds


def amd_board(name="AMD Instinct MI300X", power_w=300, counts=True):
    return {"name": name, "power_w": power_w, "energy_j": 5000.0, "counts": counts}


@pytest.fixture
def amd(monkeypatch):
    """Puts a made-up amdsmi under zeus, and gives the meter over it."""
    module = pytest.importorskip("zeus.device.gpu.amd")

    def make(clock, *boards, **more):
        library = FakeAmdSmi(*boards)
        monkeypatch.setattr(module, "amdsmi", library)
        monkeypatch.setattr(module, "amdsmi_is_available", lambda: library.down is None)
        monkeypatch.setattr(module.time, "sleep", library.run)
        monkeypatch.delenv("HIP_VISIBLE_DEVICES", raising=False)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        module._hip_to_amdsmi_handle.cache_clear()
        (root := more.pop("root")).joinpath("dev").mkdir(exist_ok=True)
        (root / "dev/kfd").touch()
        return library, ZeusMeter(AMD, clock=clock, root=root, **more)

    yield make
    module._hip_to_amdsmi_handle.cache_clear()


def test_an_amd_board_counts_joules(amd, clock, tmp_path):
    library, meter = amd(clock, amd_board(), root=tmp_path)
    report = meter.report()
    assert (report.state, report.provenance) == (SourceState.IN_USE, Provenance.COUNTER)
    assert [channel.title for channel in report.channels] == ["AMD Instinct MI300X"]
    first = meter.read()[0]
    library.run(0.5)
    clock.tick(0.5)
    second = meter.read()[0]
    assert second.energy_j - first.energy_j == pytest.approx(150.0, abs=0.002)
    assert second.power_w == pytest.approx(300.0, rel=1e-4)


def test_a_board_whose_counter_cannot_be_true_is_sampled_in_watts(amd, clock, tmp_path):
    _, meter = amd(clock, amd_board(), amd_board("Radeon RX 7900 XTX", 55, counts=False), root=tmp_path)
    channels = meter.report().channels
    assert [channel.provenance for channel in channels] == [Provenance.COUNTER, Provenance.INTEGRATED]
    assert [channel.title for channel in channels] == ["AMD Instinct MI300X 0", "Radeon RX 7900 XTX 1"]
    assert meter.report().provenance is Provenance.INTEGRATED
    assert meter.read()[1].power_w == 55.0
    assert channels[1].resolution == 1.0


@pytest.mark.parametrize(
    ("name", "counted"),
    [("AMD Instinct MI300A", False), ("AMD Radeon 780M Graphics", False), ("AMD Radeon Graphics", False), ("Radeon RX 7900 XTX", True)],
)
def test_graphics_in_a_processor_are_not_added_to_the_processors_counter(amd, clock, tmp_path, name, counted):
    _, meter = amd(clock, amd_board(name), root=tmp_path)
    assert meter.report().channels[0].counted is counted


def test_one_amd_board_that_fails_wipes_nothing_on_the_other(amd, clock, tmp_path):
    library, meter = amd(clock, amd_board(), amd_board(), root=tmp_path)
    meter.read()
    library.run(0.1)
    clock.tick(0.1)
    library.boards[0]["energy_j"] = AmdSmiError(8, "timeout")
    lost, fine = meter.read()
    assert (lost.energy_j, fine.power_w) == (None, pytest.approx(300.0, rel=1e-3))
    assert "timeout" in lost.reason
    assert meter.report().state is SourceState.SILENT
    library.boards[0]["energy_j"] = 6000.0
    clock.tick(0.1)
    assert meter.read()[0].energy_j == pytest.approx(6000.0, abs=0.01)
    assert meter.report().state is SourceState.IN_USE


def test_a_library_that_does_not_open_says_so_and_is_asked_again(amd, clock, tmp_path, monkeypatch):
    module = pytest.importorskip("zeus.device.gpu.amd")
    _, meter = amd(clock, amd_board(), root=tmp_path)
    monkeypatch.setattr(module, "amdsmi_is_available", lambda: False)
    meter = ZeusMeter(AMD, clock=clock, root=tmp_path)
    assert meter.report().state is SourceState.SILENT
    assert "amdsmi" in meter.report().reason
    monkeypatch.setattr(module, "amdsmi_is_available", lambda: True)
    assert meter.report().state is SourceState.SILENT
    clock.tick(31)
    assert meter.report().state is SourceState.IN_USE


@pytest.fixture
def soc(monkeypatch):
    """Makes zeus find a chip that says what it is told."""
    module = pytest.importorskip("zeus.device.soc")

    def make(said):
        def total():
            if isinstance(said["now"], Exception):
                raise said["now"]
            return said["now"]

        monkeypatch.setattr(module, "_soc", SimpleNamespace(get_total_energy_consumption=total))

    return make


def apple_says(cpu, **more):
    from zeus.device.soc.apple import AppleSiliconMeasurement

    return AppleSiliconMeasurement(cpu_total_mj=cpu, performance_cores_mj=[cpu // 2], **more)


def jetson_says(**rails):
    from zeus.device.soc.jetson import JetsonMeasurement

    return JetsonMeasurement(**rails)


def test_apples_parts_add_up_and_its_cores_do_not(soc, clock, monkeypatch):
    monkeypatch.setattr(zeus_source.sys, "platform", "darwin")
    monkeypatch.setattr(zeus_source.platform, "machine", lambda: "arm64")
    said = {"now": apple_says(4000, gpu_mj=1000, dram_mj=500, ane_mj=0)}
    soc(said)
    meter = ZeusMeter(zeus_source.FAMILIES[1], clock=clock)
    report = meter.report()
    assert [channel.key for channel in report.channels] == ["apple:chip", "apple:cpu", "apple:dram", "apple:gpu", "apple:ane"]
    assert [channel.key for channel in report.channels if channel.counted] == ["apple:chip"]
    assert meter.measuring == "Apple chip"
    ledger = EnergyLedger(report.channels)
    start_ns = clock.now_ns
    for step in range(11):
        said["now"] = apple_says(4000 + 800 * step, gpu_mj=1000 + 300 * step, dram_mj=500 + 100 * step, ane_mj=step)
        ledger.add(meter.read())
        clock.tick(0.1)
    assert ledger.window(start_ns, start_ns + 10**9).energy_j == pytest.approx(8.0 + 3.0 + 1.0 + 0.01)


def test_a_part_that_rests_leaves_the_chip_its_number(soc, clock, monkeypatch):
    """The neural engine is switched off when it is not used, and counts nothing for hours."""
    monkeypatch.setattr(zeus_source.sys, "platform", "darwin")
    monkeypatch.setattr(zeus_source.platform, "machine", lambda: "arm64")
    said = {"now": apple_says(4000, ane_mj=0)}
    soc(said)
    meter = ZeusMeter(zeus_source.FAMILIES[1], clock=clock)
    ledger, start_ns = EnergyLedger(meter.report().channels), clock.now_ns
    for step in range(120):
        said["now"] = apple_says(4000 + 800 * step, ane_mj=50 * min(max(step - 40, 0), 20))
        ledger.add(meter.read())
        clock.tick(0.1)
    report = meter.report()
    assert (report.state, report.channels[0].key) == (SourceState.IN_USE, "apple:chip")
    assert ledger.window(start_ns, start_ns + 11 * 10**9).energy_j == pytest.approx(0.8 * 110 + 1.0)


@pytest.fixture
def jetson_root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/nv_tegra_release").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("rails", "board", "counted"),
    [
        ({"total_energy_mj": 9.0, "cpu_energy_mj": 4.0, "gpu_energy_mj": 3.0}, "", ["jetson:total"]),
        ({"cpu_energy_mj": 4.0, "gpu_energy_mj": 3.0}, "", ["jetson:cpu", "jetson:gpu"]),
        ({"total_energy_mj": 9.0, "cpu_energy_mj": 4.0, "gpu_energy_mj": 3.0}, "Orin (nvgpu)", ["jetson:cpu"]),
    ],
)
def test_a_jetson_counts_its_module_once_and_nothing_that_nvml_covers(soc, clock, jetson_root, rails, board, counted):
    soc({"now": jetson_says(**rails)})
    report = ZeusMeter(JETSON, clock=clock, root=jetson_root, gpu_measured=lambda: board).report()
    assert [channel.key for channel in report.channels if channel.counted] == counted
    assert report.provenance is Provenance.INTEGRATED


def test_a_chip_that_falls_silent_is_told_and_comes_back(soc, clock, jetson_root):
    said = {"now": jetson_says(total_energy_mj=1000.0)}
    soc(said)
    meter = ZeusMeter(JETSON, clock=clock, root=jetson_root)
    meter.read()
    clock.tick(0.1)
    said["now"] = TimeoutError("no answer within 15 s")
    assert "no answer" in meter.read()[0].reason
    assert meter.report().state is SourceState.SILENT
    clock.tick(0.1)
    said["now"] = jetson_says(total_energy_mj=2000.0)
    assert meter.read()[0].energy_j == 2.0
    assert meter.report().state is SourceState.IN_USE


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_where_the_hardware_is_not_zeus_is_not_even_loaded(family, clock, tmp_path, monkeypatch):
    monkeypatch.delenv("ROCM_PATH", raising=False)

    def never(name):
        raise AssertionError(name)

    meter = ZeusMeter(family, never, clock, root=tmp_path)
    report = meter.report()
    assert (report.state, report.channels, report.provenance) == (SourceState.ABSENT, (), Provenance.UNAVAILABLE)
    assert report.reason
    assert meter.read() == ()


def test_without_the_library_it_says_what_to_install(clock, jetson_root):
    def missing(name):
        raise ImportError(name)

    report = ZeusMeter(JETSON, missing, clock, root=jetson_root).report()
    assert report.state is SourceState.ABSENT
    assert 'pip install "greenbench[zeus]"' in report.remedy
