"""What the system tells of itself is read from where it says it."""

from greenbench.meters.machine import this_machine

CPUINFO = """processor\t: 0
model name\t: Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz
physical id\t: 0
flags\t\t: fpu vme {flag}
processor\t: 1
model name\t: Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz
physical id\t: 1
"""


def test_sockets_name_and_hypervisor_come_from_cpuinfo(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(CPUINFO.format(flag="hypervisor"))
    machine = this_machine(tmp_path, "linux")
    assert (machine.cpu, machine.packages, machine.virtual) == ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 2, True)
    (tmp_path / "proc/cpuinfo").write_text(CPUINFO.format(flag="sse"))
    assert not this_machine(tmp_path, "linux").virtual


def test_a_container_is_known_by_its_mark(tmp_path):
    assert not this_machine(tmp_path, "linux").container
    (tmp_path / ".dockerenv").touch()
    assert this_machine(tmp_path, "linux").container
