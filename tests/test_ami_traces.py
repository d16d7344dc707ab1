"""Captures of real calls, from both versions of Asterisk, through the decoder."""

from collections import Counter
from pathlib import Path

import pytest

from xucd.ami.events import DECODERS, decode
from xucd.ami.framing import Framer, name_of
from xucd.center import events
from xucd.center.events import Event
from xucd.center.snapshot import Snapshot
from xucd.tools.trace import replay

TRACES = Path(__file__).parent / "traces"

# What the white list of `asterisk-conf/manager.conf` lets through and nobody here reads.
UNREAD = {b"AgentComplete", b"FullyBooted", b"LocalOptimizationEnd", b"Reload", b"Shutdown"}


def call(name: str, version: str) -> list[Event]:
    steps = [step for _, step in replay(TRACES / f"{name}-{version}.ami")]
    return [step for step in steps if not isinstance(step, Snapshot)]


@pytest.mark.parametrize("version", ["16", "22"])
@pytest.mark.parametrize("name", ["queue-call", "internal", "dial-out"])
def test_every_event_of_a_real_call_is_read_or_left_on_purpose(name: str, version: str) -> None:
    blocks = Framer().feed((TRACES / f"{name}-{version}.ami").read_bytes())
    assert {name_of(block) for block in blocks} - {b""} <= UNREAD | set(DECODERS)
    assert sum(decode(block) is not None for block in blocks) > 10


@pytest.mark.parametrize("name", ["queue-call", "internal", "dial-out"])
def test_both_versions_tell_a_call_alike(name: str) -> None:
    def told(version: str) -> Counter[str]:
        # How often a device's state is repeated differs, and means nothing.
        return Counter(
            type(event).__name__
            for event in call(name, version)
            if not isinstance(event, events.DeviceChanged)
        )

    assert told("16") == told("22")


@pytest.mark.parametrize("version", ["16", "22"])
def test_a_queue_call_names_the_agent_and_the_caller_throughout(version: str) -> None:
    told = call("queue-call", version)
    (joined,) = (event for event in told if isinstance(event, events.CallerJoined))
    (called,) = (event for event in told if isinstance(event, events.AgentCalled))
    (connected,) = (event for event in told if isinstance(event, events.AgentConnected))
    assert joined.unique_id == called.unique_id == connected.unique_id
    assert called.member_unique_id == connected.member_unique_id
    assert {event.queue for event in (joined, called, connected)} == {"support"}
