"""A masked trace tells nobody's number and name, and replays to the same states."""

from __future__ import annotations

import io
import re
from pathlib import Path

import msgspec
import pytest

from tests.scene import directory
from xucd.ami.framing import GREETING
from xucd.tools import replay
from xucd.tools.masking import MASKED, Mask, masked
from xucd.tools.trace import Recorder, blocks

TRACES = Path(__file__).parent / "traces"
QUEUES = {8: {1: 0, 2: 0}}
PERSONS = [b"0230210082", b"0123456789", b"0612345678", "Élise Noël".encode(), b"Alice", b"Dialer"]


def block(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def mask_file(path: Path, to: Path) -> bytes:
    mask = Mask(directory())
    # In a plain capture, a greeting is a line.
    content = b"".join(
        mask.block(raw) + b"\r\n" * (1 if raw.startswith(GREETING) and b"At: " not in raw else 2)
        for raw in blocks(path)
    )
    to.write_bytes(content)
    return content


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.ami")), ids=lambda path: path.stem)
def test_a_masked_trace_replays_to_the_same_changes(path: Path, tmp_path: Path) -> None:
    content = mask_file(path, tmp_path / "masked.ami")
    assert [person for person in PERSONS if person in content] == []
    clear = [msgspec.to_builtins(each) for each in replay.changes(path, directory(), QUEUES)]
    again = [
        msgspec.to_builtins(each)
        for each in replay.changes(tmp_path / "masked.ami", directory(), QUEUES)
    ]
    assert _shape(again) == _shape(clear)


def _shape(value: object) -> object:
    """The same without numbers of persons and names: each as it comes first."""
    seen: dict[str, str] = {}

    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [walk(item) for item in value]
        if isinstance(value, str) and (
            re.fullmatch(r"[+0-9]{6,}|Person \d+", value)
            or value in ("Alice", "Élise Noël", "CRM", "Dialer", "Panel")
        ):
            return seen.setdefault(value, f"person {len(seen)}")
        return value

    return walk(value)


def test_the_same_number_gets_the_same_stand_in_wherever_it_stands() -> None:
    mask = Mask(directory())
    first = mask.block(
        block("Event: Newchannel", "Channel: Local/0230210082@out-0000001a;1", "Exten: 0230210082")
    )
    again = mask.block(block("Event: Newexten", "AppData: PJSIP/0230210082@trunk,60"))
    (number,) = set(re.findall(rb"0[0-9]{9}", first + again))
    assert number != b"0230210082"
    assert first.startswith(b"Event: Newchannel\r\nChannel: Local/%b@out-0000001a;1" % number)


def test_a_stand_in_has_the_form_of_its_number() -> None:
    mask = Mask(directory())
    for number in ("+49301234567", "0049301234567", "0301234567", "301234567"):
        value = mask.block(block(f"CallerIDNum: {number}")).removeprefix(b"CallerIDNum: ").decode()
        assert value != number
        assert len(value) == len(number)
        assert re.match(r"\+|00|0|", value)[0] == re.match(r"\+|00|0|", number)[0]  # type: ignore[index]


def test_others_are_told_apart() -> None:
    mask = Mask(directory())
    found = {mask.block(block(f"CallerIDNum: 030{number:07}")) for number in range(500)}
    assert len(found) == 500


@pytest.mark.parametrize(
    "line",
    [
        "Interface: PJSIP/1001",
        "MemberName: Agent/2501",
        "Queue: support",
        "CallerIDNum: 1001",
        "CallerIDName: <unknown>",
        "Uniqueid: 1795000000.1234",
        "LoginTime: 1795000000",
        "ActionID: xucd-resync/1/123456789",
        "XucdAt: 1795000000.123456",
        "Channel: PJSIP/trunk-00123456",
        "Linkedid: xucd-dial-12345678-1234-1234-1234-123456789012",
        "Asterisk Call Manager/7.0.3",
    ],
)
def test_what_is_nobodys_stays(line: str) -> None:
    assert Mask(directory()).block(line.encode()) == line.encode()


def test_a_line_of_the_configuration_stays_however_long_its_number() -> None:
    known = directory()
    known.lines[1] = msgspec.structs.replace(
        known.lines[1], number="4930123456", interface="PJSIP/4930123456"
    )
    said = block("Interface: PJSIP/4930123456", "Channel: PJSIP/4930123456-0000001a")
    assert Mask(known).block(said) == said


def test_a_name_is_masked_where_it_is_said_again() -> None:
    mask = Mask(directory())
    mask.block(block("CallerIDNum: 0301234567", "CallerIDName: Alice O'Neill"))
    said = mask.block(block("AppData: Alice O'Neill called,support"))
    assert said == b"AppData: Person 1 called,support"


def test_a_number_that_is_a_word_is_a_name() -> None:
    said = Mask(directory()).block(block("CallerIDNum: alice@example.org"))
    assert b"alice" not in said


def test_what_programs_have_attached_to_a_call_is_masked_whole() -> None:
    mask = Mask(directory())
    assert mask.block(block("Event: VarSet", "Variable: USR_case", "Value: Alice, 12")) == block(
        "Event: VarSet", "Variable: USR_case", f"Value: {MASKED.decode()}"
    )
    listed = mask.block(block("Variable: USR_case=Alice=x", "Variable: XUCD_QUEUE=support"))
    assert listed == block("Variable: USR_case=masked", "Variable: XUCD_QUEUE=support")


def test_a_recorder_writes_what_the_mask_lets_through() -> None:
    file = io.BytesIO()
    recorder = Recorder(file, lambda: 1.0)
    masked(recorder.write, Mask(directory()))(block("CallerIDNum: 0301234567"))
    assert b"0301234567" not in file.getvalue()
