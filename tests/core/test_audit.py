"""An audit's words: joules with what the ends of a block leave open, the samples behind it, and what does not agree."""

import pytest

from greenbench.core.audit import Audit, AuditedBlock, AuditedNumber, AuditedVariant, ChannelSamples
from greenbench.core.measurement import Provenance

BLOCK = AuditedBlock(
    index=3, t0_s=0, t1_s=10, calls=1204, median_s=0.008, energy_j=140.3, edge_j=0.12, half_width_j=0.12, provenance=Provenance.COUNTER
)
SAMPLES = ChannelSamples(channel="cpu", title="CPU package", provenance=Provenance.COUNTER, count=100, first_s=12.3, last_s=22.301)


def test_a_block_says_its_joules_with_the_error_of_its_ends_and_the_mark():
    assert BLOCK.energy_words == "140.30 ± 0.12 J ◉"
    assert BLOCK.model_copy(update={"edge_j": 0.0}).energy_words == "140 J ◉"
    assert BLOCK.model_copy(update={"provenance": Provenance.MODELLED}).energy_words == "≈ 140.30 ± 0.12 J ◌"


def test_a_block_without_reading_says_why():
    gone = BLOCK.model_copy(update={"energy_j": None, "edge_j": None, "reason": "CPU: the counter is gone"})
    assert gone.energy_words == "— CPU: the counter is gone"


def test_samples_are_counted_placed_and_marked():
    assert SAMPLES.words == "100 of CPU package, 12.300–22.301 s ◉"
    assert SAMPLES.model_copy(update={"gap": "No reading for 2.1 s."}).words == "100 of CPU package: No reading for 2.1 s."


@pytest.mark.parametrize(
    ("number", "value", "words"),
    [
        (AuditedNumber(path="r/A/latency_p50", key="latency_p50", title="", unit="s"), 0.00123456, "1.2346 ms"),
        (AuditedNumber(path="r/A/size_bytes", key="size_bytes", title="", unit="B"), 1_090_000, "1.0900 MB"),
        (AuditedNumber(path="r/B/latency_p50/against", key="latency_p50", title="", unit="1"), -0.5512345, "−55.123 %"),
        (AuditedNumber(path="r/B/accuracy/against", key="accuracy", title="", unit="1"), 0.0125, "1.2500 pp"),
        (AuditedNumber(path="r/A/parameters", key="parameters", title=""), 1210, "1210"),
        (AuditedNumber(path="r/A/accuracy", key="accuracy", title="", unit="1"), None, "—"),
    ],
)
def test_numbers_are_told_with_more_digits_than_are_printed(number, value, words):
    assert number.quoted(value) == words


def test_what_disagrees_is_told_by_its_path():
    wrong = AuditedNumber(path="r/A/accuracy", key="accuracy", title="Accuracy", agrees=False, note="the value made again differs")
    open_ = wrong.model_copy(update={"path": "r/A/flops", "agrees": None})
    variant = AuditedVariant(
        letter="A", name="a", numbers=(wrong, open_), blocks=(BLOCK.model_copy(update={"agrees": False, "note": "lost"}),)
    )
    audit = Audit(run_id="r", title="t", digest="1", digest_found="2", variants=(variant,))
    assert audit.disagreements == (
        "The raw data is not what the printed digest stands for.",
        "r/A/accuracy: the value made again differs",
        "r/A/block 4: lost",
    )
    assert not audit.agrees
    assert not variant.agrees


def test_a_run_without_digest_neither_agrees_nor_disagrees_by_it():
    audit = Audit(run_id="r", title="t", digest_found="2")
    assert audit.digest_agrees is None
    assert audit.agrees
