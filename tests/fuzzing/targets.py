"""Every place at which bytes come in, with good inputs for it, and what it must do with any."""

import datetime
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from tests.conftest import DEMO, PROJECT, TODAY
from tests.fuzzing import served
from tests.scene import Scene
from xucd.agi import syntax
from xucd.ami.errors import DecodeError, FramingError
from xucd.ami.events import DECODERS, decode
from xucd.ami.framing import Framer, name_of
from xucd.ami.resync import SnapshotBuilder
from xucd.center.callbacks import Period
from xucd.config import center_file, settings, writing
from xucd.config.center_file import CenterFileError
from xucd.config.csv_table import CsvError
from xucd.config.settings import SettingsError
from xucd.cti import frames
from xucd.cti.commands import COMMANDS
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_import import from_csv

Feed = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """A place at which bytes come in. `opened` gives the function that takes one input.

    `seeds` are good inputs, or nearly so; what is tried begins with them.
    """

    seeds: Callable[[], list[bytes]]
    opened: Callable[[], AbstractContextManager[Feed]]


def pure(feed: Feed) -> Callable[[], AbstractContextManager[Feed]]:
    """A place that needs nothing to be set up."""

    @contextmanager
    def opened() -> Iterator[Feed]:
        yield feed

    return opened


# -- AMI: the framing, the decoders, the lists, and the centre behind them


def _ami(data: bytes) -> None:
    """The first byte says how the rest is cut into packets."""
    size, stream = (data[0] if data else 0) + 1, data[1:]
    whole = _blocks([stream])
    cut = _blocks([stream[at : at + size] for at in range(0, len(stream), size)])
    assert whole == cut or None in (whole, cut), "other packets give other blocks"
    scene, listed = Scene(), SnapshotBuilder()
    for raw in whole or ():
        name_of(raw)
        with suppress(DecodeError):
            listed.take(raw)
        try:
            event = decode(raw)
        except DecodeError:
            continue
        if event is not None:
            scene.now += 0.25
            scene.happens(event)
    with suppress(DecodeError):  # callers are decoded last
        scene.rebuilds(listed.snapshot())
    scene.passes(30)


def _blocks(packets: list[bytes]) -> list[bytes] | None:
    framer = Framer(greeted=False)
    try:
        return [block for packet in packets for block in framer.feed(packet)]
    except FramingError:
        return None


def _recorded() -> list[bytes]:
    """Pieces of what Asterisk has said, each of a few blocks; all kinds of events are in them."""
    pieces = []
    for file in sorted((PROJECT / "tests/traces").glob("*-22.ami")):
        blocks = file.read_bytes().split(b"\r\n\r\n")
        pieces += [b"\xff" + b"\r\n\r\n".join(blocks[at : at + 6]) + b"\r\n\r\n"
                   for at in range(0, len(blocks), 40)]  # fmt: skip
    known = (name for name in DECODERS)
    pieces += [b"\x07Event: " + name + b"\r\nQueue: support\r\nUniqueid: 1.1\r\n\r\n"
               for name in known]  # fmt: skip
    return pieces


# -- FastAGI


def _agi_syntax(data: bytes) -> None:
    with suppress(ValueError):
        syntax.request(data)
    with suppress(ValueError):
        syntax.answer(data.decode("utf-8", "ignore"))
    text = data.decode("utf-8", "surrogateescape")
    try:
        line = syntax.command("SET", "VARIABLE", syntax.quoted(text))
    except syntax.Unwritable:
        return
    assert line.count(b"\n") == 1 and b"\0" not in line and len(line) <= syntax.LINE_LIMIT + 1


AGI_HEAD = (
    b"agi_network: yes\nagi_network_script: sheet\nagi_channel: PJSIP/trunk-00000001\n"
    b"agi_uniqueid: 1700000000.1\nagi_callerid: 0230210082\nagi_calleridname: \xc3\x89lise\n"
    b"agi_dnid: unknown\nagi_arg_1: customer\n\n"
)
AGI = [
    AGI_HEAD + b"200 result=1 (two\nlines) and)\n200 result=0\n200 result=1\n",
    AGI_HEAD.replace(b"sheet", b"variables") + b"200 result=1 (abc)\n200 result=1\n",
    AGI_HEAD.replace(b"sheet", b"callback").replace(b"customer", b"begin") + b"HANGUP\n",
    AGI_HEAD + b"520-Invalid command syntax\n520 End of proper usage.\n200 result=-1\n",
    b"200 result=1 (value)", b"100 result=0 Trying...", b"510 Invalid or unknown command",
]  # fmt: skip


# -- what clients send


def _frame(data: bytes) -> None:
    try:
        frames.decode(data)
    except frames.BadFrame as error:
        assert error.code in {"InvalidJson", "NotAnObject", "UnknownCommand", "InvalidArgument"}


def frames_of_all_commands() -> list[bytes]:
    """A frame of each command, with something in every argument."""
    found = [b'{"claz":"ping"}', b"[]", b'"x"']
    for name, kind in COMMANDS.items():
        arguments = {field: 1 for field in kind.__struct_encode_fields__}
        found.append(
            msgspec.json.encode(
                {**arguments, "claz": "web", "command": name, "requestId": "r1", "agentid": 8,
                 "agentId": 8, "queueId": 1, "variables": {"USR_a": "1"}}
            )
        )  # fmt: skip
    return found


PERIODS = [Period(UUID(int=1), "Morning", datetime.time(9), datetime.time(12), True)]


def _csv(data: bytes) -> None:
    charset = (None, "utf-8", "latin-1", "klingon")[(data[0] if data else 0) % 4]
    try:
        found = from_csv(CsvFile(data[1:], charset), PERIODS)
    except CsvError:
        return
    lines = [bad.line for bad in found.invalid]
    assert lines == sorted(lines)
    assert len(found.valid) + len(lines) <= data.count(b"\n") + data.count(b"\r") + 1


CSV = [
    b"\0phoneNumber|firstName|dueDate|period\n0230|Zo\xc3\xa9|2026-12-01|Morning\n0231||x|\n",
    b'\1phoneNumber;description\r\n0230;"two\r\nlines ""quoted"""\r\n=1+1;\r\n',
    b"\2mobilePhoneNumber,lastName\n+33123,Ma\xefs\n,,\n",
    b"\0" + b"phoneNumber|company\n" + b'"0230|open\n' * 60,
]


# -- files


def _center(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        plan = center_file.parse(text, "center.toml", TODAY).plan
    except CenterFileError as error:
        assert error.problems
        return
    written = writing.write(plan)
    again = center_file.parse(written, "again.toml", TODAY).plan
    assert writing.write(again) == written, "what was written is read as something else"


@contextmanager
def _settings() -> Iterator[Feed]:
    with tempfile.TemporaryDirectory(dir=_in_memory()) as folder:
        file = Path(folder, "xucd.toml")

        def feed(data: bytes) -> None:
            file.write_bytes(data)
            try:
                settings.load(file, {"XUCD_AMI_SECRET": "k7-dusk-apron"})
            except SettingsError as error:
                assert str(error)

        yield feed


def _in_memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _settings_files() -> list[bytes]:
    whole = (PROJECT / "tests/data/upgrades/0.1.0/xucd.toml").read_bytes()
    parts = [b"[" + part for part in whole.split(b"\n[")]
    return [whole, *(part for part in parts if part.startswith(b"["))]


def _center_files() -> list[bytes]:
    whole = DEMO.read_bytes()
    return [whole, *(b"[[" + part for part in whole.split(b"\n[[")[1:])]


TARGETS: dict[str, Target] = {
    "ami": Target(_recorded, pure(_ami)),
    "agi": Target(lambda: AGI, pure(_agi_syntax)),
    "agi-conversation": Target(lambda: AGI, served.agi),
    "frames": Target(frames_of_all_commands, pure(_frame)),
    "link": Target(lambda: served.links_of(frames_of_all_commands()), served.link),
    "http": Target(lambda: served.REQUESTS, served.http),
    "rest": Target(served.rest_requests, served.rest),
    "csv": Target(lambda: CSV, pure(_csv)),
    "center-file": Target(_center_files, pure(_center)),
    "settings": Target(_settings_files, _settings),
}
