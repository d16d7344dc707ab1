"""Every text that clients are told or may send is of a kind that says what it may hold."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect as kinds

from tests.told import unfit
from xucd.center.grammar import GRAMMARS, is_reason, name_of, number_of, reason_of, text_of
from xucd.center.parties import party
from xucd.config.validation import SPOKEN_NAME
from xucd.cti.commands import COMMANDS
from xucd.cti.messages import MESSAGES

DOCUMENT = (Path(__file__).parents[1] / "docs/protocol.md").read_text(encoding="utf-8")


def texts(kind: kinds.Type, path: str, grammar: str = "") -> Iterator[tuple[str, str, str | None]]:
    """Each place within a type that is text: its path, its declared kind, and its pattern."""
    if isinstance(kind, kinds.Metadata):
        declared = (kind.extra or {}).get("grammar", grammar)
        yield from texts(kind.type, path, declared)
    elif isinstance(kind, kinds.StrType):
        yield path, grammar, kind.pattern
    elif isinstance(kind, kinds.StructType):
        for field in kind.fields:
            yield from texts(field.type, f"{path}.{field.encode_name}")
    elif isinstance(kind, kinds.UnionType):
        for each in kind.types:
            yield from texts(each, path, grammar)
    elif isinstance(kind, kinds.ListType):
        yield from texts(kind.item_type, f"{path}[]")
    elif isinstance(kind, kinds.DictType):
        yield from texts(kind.key_type, f"{path} (key)")
        yield from texts(kind.value_type, f"{path}{{}}")
    else:
        assert not isinstance(kind, kinds.AnyType | kinds.RawType), f"{path} may be anything"


def of_messages() -> list[tuple[str, str]]:
    return [
        (path, grammar)
        for name, cls in MESSAGES.items()
        for path, grammar, _ in texts(kinds.type_info(cls), name)
    ]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_text_of_a_message_is_of_a_declared_kind(name: str) -> None:
    without = [
        path
        for path, grammar, _ in texts(kinds.type_info(MESSAGES[name]), name)
        if grammar not in GRAMMARS
    ]
    assert not without, "declare its kind: see xucd.cti.messages.base"


UNBOUNDED = {"findCallbackRequest.request.order": "a list of columns, looked up in a table"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_text_of_a_command_is_held_to_a_pattern(name: str) -> None:
    info = kinds.type_info(COMMANDS[name])
    without = [
        path
        for path, grammar, pattern in texts(info, name)
        if pattern is None and grammar != "echo" and path not in UNBOUNDED
    ]
    assert not without


NEVER = {
    "SheetItem": {"value", "name"},
    "PhoneEvent": {"userData{}"},
    "Callback": {"company", "description"},
    "echo": {"requestId", "id"},
}
"""Fields that a page has to escape."""


def test_the_texts_that_pages_have_to_escape_are_few_and_named() -> None:
    escaped = {
        path.rpartition(".")[2] for path, grammar in of_messages() if grammar in ("text", "echo")
    }
    assert escaped == set().union(*NEVER.values())


def test_the_protocol_says_of_each_kind_what_it_may_hold() -> None:
    table = DOCUMENT.partition("### What values hold")[2].partition("\n## ")[0]
    for name, grammar in GRAMMARS.items():
        row = next((line for line in table.splitlines() if line.startswith(f"| {name} |")), "")
        assert row, f"docs/protocol.md says nothing of {name}"
        assert grammar.in_html in row
    for field in set().union(*NEVER.values()):
        assert f"`{field.removesuffix('{}')}`" in table


ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=120) | st.text(
    st.sampled_from("<>&\"'`=|;,\\\r\n\0\t +-()0123456789ab\u202e\u200f\ufeff\u2028\x85é\u200d"),
    max_size=120,
)
CLEANERS = {"number": number_of, "name": name_of, "text": text_of, "reason": reason_of}


@pytest.mark.parametrize("kind", CLEANERS)
@given(said=ANY)
def test_whatever_is_said_is_told_as_far_as_it_fits(kind: str, said: str) -> None:
    told = CLEANERS[kind](said)
    assert re.fullmatch(GRAMMARS[kind].pattern, told)
    assert CLEANERS[kind](told) == told


@given(number=ANY, name=ANY)
def test_nobody_is_told_with_markup_or_control_characters(number: str, name: str) -> None:
    told = party(number, name)
    assert re.fullmatch(r"[0-9*#+]{0,80}", told[0])  # letters only in numbers of ours
    assert re.fullmatch(GRAMMARS["name"].pattern, told[1])


@given(ANY)
def test_a_reason_is_told_as_one_that_a_person_may_give(said: str) -> None:
    assert is_reason(reason_of(said))


@given(ANY)
def test_a_reason_that_a_person_may_give_forges_nothing_in_app_queues_files(said: str) -> None:
    if is_reason(said):
        assert re.fullmatch(GRAMMARS["reason"].pattern, said)
        member = f"PJSIP/1001;0;1;Agent/2501;PJSIP/1001;{said};0"
        first, *others = re.split(r"[,|]", member)
        assert len(first.split(";")) in (6, 7)
        assert not any(re.match(r"[A-Za-z0-9]+/", other) for other in others)
        assert len(f"1|NONE|support|Agent/2501|PAUSE|{said}".splitlines()) == 1
        assert said.count("|") == 0


def test_a_message_that_holds_what_its_kind_does_not_is_found() -> None:
    body = {
        "queueId": 1,
        "calls": [{"position": 1, "name": "<b>", "number": "a b", "queueTime": ""}],
    }
    assert unfit("QueueCalls", body) == [
        "QueueCalls.calls[].name is no name: '<b>'",
        "QueueCalls.calls[].number is no number: 'a b'",
        "QueueCalls.calls[].queueTime is no time: ''",
    ]
    assert unfit("AgentGroupList", [{"id": 1, "name": "a\n"}]) == [
        "AgentGroupList[].name is no name: 'a\\n'"
    ]


def test_browsers_read_the_patterns_of_the_documents() -> None:
    patterns = [re.sub(r"\\A|\\Z", "", grammar.pattern) for grammar in GRAMMARS.values()]
    program = "JSON.parse(process.argv[1]).forEach((each) => new RegExp(each, 'u'))"
    subprocess.run(["node", "-e", program, json.dumps([*patterns, SPOKEN_NAME[2:-2]])], check=True)
