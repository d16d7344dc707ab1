"""The protocol of NATS as bytes, and the keys of its users."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from xucd.cluster import nats_protocol
from xucd.cluster.nats_protocol import NatsError, NatsMessage, Parser, ServerLine
from xucd.cluster.nkey import Nkey

SAID = (
    b'INFO {"max_payload":100}\r\n+OK\r\nMSG a.b 7 5\r\n\r\nMSG\r\nping\r\n'
    b"MSG a.c 12 reply.to 0\r\n\r\n-ERR 'No Such Thing'\r\n"
)
READ = [
    ServerLine(b"INFO", b'{"max_payload":100}'),
    ServerLine(b"+OK", b""),
    NatsMessage(7, "a.b", b"\r\nMSG"),
    ServerLine(b"PING", b""),
    NatsMessage(12, "a.c", b""),
    ServerLine(b"-ERR", b"'No Such Thing'"),
]


@pytest.mark.parametrize("size", range(1, len(SAID) + 1))
def test_what_a_server_says_is_read_however_it_is_cut(size: int) -> None:
    parser = Parser()
    pieces = [SAID[at : at + size] for at in range(0, len(SAID), size)]
    assert [said for piece in pieces for said in parser.feed(piece)] == READ


@pytest.mark.parametrize(
    "said",
    [b"MSG a.b 7\r\n", b"MSG a.b x 5\r\n", b"MSG a.b 7 x\r\n", b"MSG\r\n", b"MSG \xff 1 0\r\n\r\n",
     b"MSG a 1 -7\r\n"],
)  # fmt: skip
def test_a_broken_message_is_refused(said: bytes) -> None:
    with pytest.raises(NatsError, match="not NATS"):
        list(Parser().feed(said))


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(NatsError, match="not NATS"):
        list(Parser().feed(b"x" * (nats_protocol.LONGEST_LINE + 1)))


@pytest.mark.parametrize("info", [b"", b"[]", b"{}", b'{"max_payload":"7"}'])
def test_a_broken_greeting_is_refused(info: bytes) -> None:
    with pytest.raises(NatsError, match="not NATS"):
        nats_protocol.read_info(info)


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB b 0", "a..b", ".a", "a.", "a\tb"])
def test_a_subject_that_is_none_is_not_sent(subject: str) -> None:
    with pytest.raises(ValueError, match="no subject of NATS"):
        nats_protocol.publish(subject, b"")
    with pytest.raises(ValueError, match="no subject of NATS"):
        nats_protocol.subscribe(subject, 1)


def test_an_nkey_signs_what_its_public_part_proves() -> None:
    key = Nkey.new()
    said = key.credentials("a nonce")
    assert said["nkey"] == key.public and key.public.startswith("U") and len(key.public) == 56
    assert key.seed.startswith("SU") and len(key.seed) == 58
    public = Ed25519PublicKey.from_public_bytes(base64.b32decode(key.public)[1:33])
    public.verify(base64.urlsafe_b64decode(said["sig"] + "=="), b"a nonce")


def test_the_nkey_of_another_program_is_read() -> None:
    """The example in the documents of NATS."""
    key = Nkey("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")
    assert key.public == "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"


SEED = Nkey.new().seed


@pytest.mark.parametrize(
    ("seed", "why"),
    [
        ("", "begins with SU"),
        (SEED[:-1], "another length"),
        (SEED.lower(), "other letters"),
        (SEED[:20] + ("A" if SEED[20] != "A" else "B") + SEED[21:], "checksum"),
        ("SA" + SEED[2:], "begins with SU"),
    ],
)
def test_a_seed_with_a_mistake_is_refused_with_a_sentence(seed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Nkey(seed)
