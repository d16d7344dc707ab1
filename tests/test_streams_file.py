"""Whatever stands in the files of the log, or cannot be done to them, xucd starts and goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from xucd.app.streams import durable_streams
from xucd.center.rights import Rights
from xucd.cti.messages import AgentListen, PhoneEvent, encode
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams import file as streams_file
from xucd.cti.streams import records as rec
from xucd.cti.streams.contents import ClientStream
from xucd.cti.streams.digest import layout
from xucd.cti.streams.file import SEGMENT_S, StreamFile
from xucd.cti.streams.log import StreamLog
from xucd.cti.streams.topics import encode_topic

SIGN_IN = SignInKey("one", "first")
BOUNDED = ("agent configurations", Rights(8, frozenset({1}), None))


class Machine:
    """Where xucd is started again and again; `time` is in seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = 1000.0

    def start(self) -> StreamLog:
        """The log as a start of xucd takes it up."""
        file = StreamFile(self.folder / "streams", "boot", keep=120, limit=1 << 27)
        log = StreamLog(lambda: self.time, file)
        log.load()
        return log

    def kill(self, log: StreamLog) -> None:
        """End xucd, which writes nothing more."""
        assert log._file is not None
        log._file.close()

    def files(self) -> list[Path]:
        """The segments, the oldest first."""
        return sorted(self.folder.glob("streams.[0-9]*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def cannot_remove(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No file can be removed until this is undone."""

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "unlink", fails)
    return monkeypatch


def opened(log: StreamLog, user_id: int, *topics: object) -> ClientStream:
    """A stream of a user that has subscribed to these."""
    stream = log.open(rec.Owner(user_id, b"rights"), SIGN_IN)
    for topic in topics:
        log.subscribe(stream, topic)
    return stream


def published(log: StreamLog, topic: object, number: int) -> None:
    body = AgentListen(started=True, phone_number="", agent_id=number)
    log.publish([topic], [topic], body, encode(body))


def missed(log: StreamLog, stream: ClientStream, position: int) -> list[int] | None:
    """The numbers of the messages that a stream of this name has behind a position."""
    frames = log.after(log.streams[stream.epoch], position)
    if frames is None:
        return None
    bodies = [msgspec.json.decode(frame[frame.index(b"{") :]) for frame in frames]
    return [body["ctiMessage"]["agentId"] for body in bodies]


def with_another_field() -> rec.Record:
    """A topic's name as a version writes it whose rights have one field more."""
    kind, name, rights = msgspec.msgpack.decode(encode_topic(BOUNDED))
    return rec.Named(99, msgspec.msgpack.encode([kind, name, [*rights, True]]))


@pytest.mark.parametrize(
    "record",
    [
        with_another_field(),
        rec.Sent(5, 99, b"{}"),
        rec.Published(5, (99,), b"{}"),
        rec.Named(99, b"\xc1"),
        rec.StreamEnded(99),
    ],
)
def test_what_cannot_be_taken_up_is_damage_and_does_not_keep_xucd_from_starting(
    machine: Machine, capsys: pytest.CaptureFixture[str], record: rec.Record
) -> None:
    log = machine.start()
    opened(log, 1, BOUNDED)
    assert log._file is not None
    log._file.append(record)
    log.write()
    machine.kill(log)
    log = machine.start()
    assert "damaged" in capsys.readouterr().out
    assert not log.streams
    assert machine.files() == []
    stream = opened(log, 1, BOUNDED)
    log.write()
    machine.kill(log)
    assert stream.epoch in machine.start().streams


def test_damage_that_cannot_be_removed_does_not_keep_xucd_from_starting(
    machine: Machine, cannot_remove: pytest.MonkeyPatch
) -> None:
    (machine.folder / "streams.1").write_bytes(bytes(100))
    log = machine.start()
    stream = opened(log, 1, "everybody")
    log.write()
    machine.kill(log)
    assert stream.epoch in machine.start().streams


def test_a_log_of_another_version_is_not_read(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = machine.start()
    opened(log, 1, "everybody")
    log.write()
    machine.kill(log)
    monkeypatch.setattr(streams_file, "VERSION", b"another")
    assert not machine.start().streams
    assert machine.files() == []
    assert "damaged" not in capsys.readouterr().out


def test_another_field_makes_another_version() -> None:
    wider = msgspec.defstruct("Rights", ["own_agent_id"])
    widest = msgspec.defstruct("Rights", ["own_agent_id", "more"])
    around = [msgspec.defstruct("Around", [("rights", kind)]) for kind in (wider, widest)]
    assert layout(around[0]) != layout(around[1])
    assert rec.VERSION[:-1] == layout(rec.AnyRecord, Rights, PhoneEvent)


@pytest.mark.parametrize("emptied", [True, False])
def test_what_cannot_be_removed_gives_nobody_anothers_topic(
    machine: Machine,
    cannot_remove: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    emptied: bool,
) -> None:
    if not emptied:
        cannot_remove.setattr(os, "truncate", Path.unlink)
    log = machine.start()
    first = opened(log, 1, ("own phone", 1))
    log.write()
    log.end(first)
    assert "cannot remove" in capsys.readouterr().out
    second = opened(log, 2, ("own phone", 2))
    position = log.position
    log.write()
    machine.kill(log)
    log = machine.start()
    assert first.epoch not in log.streams
    assert list(log.streams[second.epoch].topics) == [("own phone", 2)]
    assert missed(log, second, position) == []


def test_messages_are_lost_to_those_who_missed_them_alone_and_gone_from_the_files(
    machine: Machine,
) -> None:
    log = machine.start()
    stream = opened(log, 1, "everybody")
    published(log, "everybody", 123456)
    before = log.position
    published(log, "everybody", 123457)
    log.write()
    log.lose_messages()
    log.write()
    after = log.position
    published(log, "everybody", 7)
    log.write()
    assert (missed(log, stream, before), missed(log, stream, after)) == (None, [7])
    assert not any(b"12345" in file.read_bytes() for file in machine.files())
    machine.kill(log)
    log = machine.start()
    assert (missed(log, stream, before), missed(log, stream, after)) == (None, [7])


def test_an_old_file_that_cannot_be_removed_stops_nothing_and_is_removed_later(
    machine: Machine, cannot_remove: pytest.MonkeyPatch
) -> None:
    log = machine.start()
    stream = opened(log, 1, "everybody")
    for number in range(5):
        machine.time += SEGMENT_S
        published(log, "everybody", number)
        log.write()
    position = log.position
    published(log, "everybody", 5)
    log.write()
    machine.kill(log)
    log = machine.start()
    assert missed(log, stream, position) == [5]
    oldest = machine.files()[0]
    cannot_remove.undo()
    for number in range(2):
        machine.time += SEGMENT_S
        published(log, "everybody", number)
        log.write()
    assert oldest not in machine.files()


def test_a_file_that_does_not_go_on_from_the_one_before_gives_no_part(machine: Machine) -> None:
    """The end of a file is missing, as when it could neither be written nor removed."""
    log = machine.start()
    stream = opened(log, 1, "everybody")
    log.write()
    begun = machine.files()[0].read_bytes()
    position = log.position
    published(log, "everybody", 1)
    log.write()
    machine.time += SEGMENT_S
    published(log, "everybody", 2)
    log.write()
    published(log, "everybody", 3)
    log.write()
    machine.kill(log)
    machine.files()[0].write_bytes(begun)
    log = machine.start()
    assert missed(log, stream, position) is None
    assert missed(log, stream, position + 2) == [3]


def test_a_position_that_was_never_reached_is_none_after_two_restarts(machine: Machine) -> None:
    log = machine.start()
    stream = opened(log, 1, "everybody")
    log.write()
    position = log.position
    for number in (1, 2):
        machine.kill(log)
        log = machine.start()
        published(log, "everybody", number)
        log.write()
    assert missed(log, stream, position) == [1, 2]
    assert missed(log, stream, position + 1) is None


def test_the_confined_service_has_files_though_it_may_not_look_up_the_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xucd.app.boot.FILE", tmp_path / "hidden")  # by ProcSubset=pid
    monkeypatch.setenv("BOOT_ID", "0d1f2a")  # by the unit
    log = durable_streams(f"sqlite:///{tmp_path}/xucd.db")
    log.load()
    assert list(tmp_path.glob("xucd.db-streams.*")) != []
