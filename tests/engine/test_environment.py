"""What the snapshot of a machine reads from files that a system lays out in its own way."""

from greenbench.engine.environment import cpu_features


def test_linux_lists_the_features_in_cpuinfo(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(2 * "flags\t\t: sse4_2 avx2 f16c avx512_vnni hypervisor\n\n")
    assert cpu_features(tmp_path, "linux") == ("sse4_2", "avx2", "f16c", "avx512_vnni")
    (tmp_path / "proc/cpuinfo").write_text("Features\t: fp asimd asimddp\n")
    assert cpu_features(tmp_path, "linux") == ("asimd", "asimddp")


def test_a_system_that_lists_none_is_not_known(tmp_path):
    assert cpu_features(tmp_path, "win32") == ()
