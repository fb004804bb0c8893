"""Every message survives the wire; what is no message of this version is refused."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbench.core import messages
from greenbench.core.errors import WorkerError
from greenbench.core.messages import Command, Event, decode_command, decode_event, encode


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_an_event_survives_the_wire(values_of, kind, data):
    sent = data.draw(values_of(kind)).model_copy(update={"v": messages.WIRE_VERSION})
    line = encode(sent)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_event(line) == sent


@pytest.mark.parametrize("kind", get_args(Command), ids=lambda kind: kind.__name__)
@settings(max_examples=10)
@given(data=st.data())
def test_a_command_survives_the_wire(values_of, kind, data):
    sent = data.draw(values_of(kind)).model_copy(update={"v": messages.WIRE_VERSION})
    assert decode_command(encode(sent)) == sent


def test_every_message_has_a_tag_of_its_own():
    tags = [kind.model_fields["tag"].default for kind in (*get_args(Event), *get_args(Command))]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_diverged_survives_the_wire(value):
    found = decode_event(encode(messages.Metric(node="train", name="loss", value=value, t_ns=0)))
    assert repr(found.value) == repr(value)


NO_MESSAGES = [
    b"",
    b"\n",
    b"{}",
    b"hello\n",
    b'{"tag": "dance"}',
    b'{"tag": "log"}',
    b'{"tag": "log", "text": "x", "colour": 1}',
    b"\xff\xfe",
    b"[" * 9999,
]


@pytest.mark.parametrize("line", NO_MESSAGES)
def test_what_is_no_message_is_refused_and_quoted(line):
    with pytest.raises(WorkerError, match="cannot be understood"):
        decode_event(line)


def test_another_version_is_refused():
    line = encode(messages.Log(v=messages.WIRE_VERSION + 1, text="hello"))
    with pytest.raises(WorkerError, match=r"speaks version 2, not 1\. Install one version only"):
        decode_event(line)


def test_a_command_is_not_an_event():
    with pytest.raises(WorkerError):
        decode_event(encode(messages.Cancel()))
    with pytest.raises(WorkerError):
        decode_command(encode(messages.Log(text="hello")))
