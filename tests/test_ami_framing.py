"""AMI framing: whatever the network does to the bytes, the blocks are the same."""

import pytest

from xucd.ami.errors import FramingError
from xucd.ami.framing import Fields, Framer, name_of, parse

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
BLOCKS = (
    "Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted",
    "Event: Newchannel\r\nChannel: PJSIP/1001-1\r\nCallerIDName: Maricé Saprïtchà €😀\r\nExten: s",
    "Event: VarSet\r\nVariable: USR_x\r\nValue: ",
)
STREAM = GREETING + "".join(f"{block}\r\n\r\n" for block in BLOCKS).encode()


def texts(raw: list[bytes]) -> tuple[str, ...]:
    return tuple(block.decode() for block in raw)


def test_a_stream_cut_anywhere_gives_the_same_blocks() -> None:
    for cut in range(len(STREAM) + 1):
        framer = Framer()
        blocks = framer.feed(STREAM[:cut]) + framer.feed(STREAM[cut:])
        assert texts(blocks) == BLOCKS, f"cut at byte {cut}"
        assert framer.greeting == "Asterisk Call Manager/11.0.0"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_a_stream_in_small_pieces_gives_the_same_blocks(size: int) -> None:
    framer = Framer()
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert texts([block for piece in pieces for block in framer.feed(piece)]) == BLOCKS


def test_a_character_cut_by_a_packet_arrives_whole() -> None:
    at = STREAM.index("😀".encode()) + 2
    framer = Framer()
    blocks = framer.feed(STREAM[:at]) + framer.feed(STREAM[at:])
    assert parse(blocks[1])["CallerIDName"] == "Maricé Saprïtchà €😀"
    assert Fields(blocks[1])["CallerIDName"] == "Maricé Saprïtchà €😀"


def test_a_stray_line_end_between_blocks_hides_no_event() -> None:
    (block,) = Framer(greeted=False).feed(b"\r\nEvent: Hold\r\nChannel: x\r\n\r\n")
    assert name_of(block) == b"Hold"


def test_bytes_that_are_no_utf8_stay_visible_and_harm_nothing() -> None:
    block = parse(b"Event: Newchannel\r\nCallerIDName: Zo\xe9\r\nExten: s")
    assert block["CallerIDName"] == "Zo�"
    assert block["Exten"] == "s"


def test_a_block_without_end_is_an_error_and_not_a_full_memory() -> None:
    framer = Framer(greeted=False, limit=1000)
    framer.feed(b"Event: X\r\n" + b"a" * 900)
    with pytest.raises(FramingError):
        framer.feed(b"a" * 200)


@pytest.mark.parametrize("first", [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 400\r\n", b"Asterisk!\r\n"])
def test_a_server_that_is_not_asterisks_manager_is_an_error(first: bytes) -> None:
    with pytest.raises(FramingError):
        Framer().feed(first)


def test_an_endless_greeting_is_an_error() -> None:
    with pytest.raises(FramingError):
        Framer().feed(b"Asterisk Call Manager/" + b"1" * 300)


def test_repeated_headers_are_kept_line_by_line() -> None:
    block = parse(b"Response: Success\r\nOutput: one\r\nOutput: two: 2\r\nOutput: ")
    assert block["Output"] == "one\r\ntwo: 2\r\n"


def test_lines_without_a_colon_are_passed_over() -> None:
    assert parse(b"Response: Success\r\nnonsense\r\nKey:tight") == {
        "Response": "Success",
        "Key": "tight",
    }


def test_a_field_is_never_found_inside_another_ones_name_or_value() -> None:
    fields = Fields(b"Event: AgentCalled\r\nDestUniqueid: 2\r\nNote: Uniqueid: 9\r\nUniqueid: 1")
    assert fields["Uniqueid"] == "1"
    assert fields["DestUniqueid"] == "2"
    assert fields.get("Linkedid", "none") == "none"
    with pytest.raises(KeyError):
        fields["Linkedid"]
