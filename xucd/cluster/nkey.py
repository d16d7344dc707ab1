"""A user's nkey: an Ed25519 key that NATS writes in letters, with which a nonce is signed.

The seed begins with SU, the public key with U: base 32 of a prefix, 32 bytes and a checksum.
"""

import base64
import binascii
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

USER = 20 << 3
SEED = 18 << 3
SEED_OF_USER = bytes([SEED | USER >> 5, (USER & 31) << 3])


class Nkey:
    """The key of one user. Raises `ValueError` for a seed that is none."""

    def __init__(self, seed: str) -> None:
        try:
            raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
        except binascii.Error as error:
            raise ValueError(
                "not the seed of an nkey: it has other letters or another length"
            ) from error
        if raw[:2] != SEED_OF_USER or len(raw) != 36:
            raise ValueError(
                "not the seed of a user's nkey: that begins with SU and has 58 letters"
            )
        if _with_checksum(raw[:-2]) != raw:
            raise ValueError("not the seed of an nkey: its checksum is wrong, so a letter must be")
        self.seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(raw[2:-2])

    @classmethod
    def new(cls) -> Self:
        """A key that nobody has."""
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        return cls(_as_text(SEED_OF_USER + raw))

    @property
    def public(self) -> str:
        """What the server knows the user by."""
        return _as_text(bytes([USER]) + self._key.public_key().public_bytes_raw())

    def credentials(self, nonce: str) -> dict[str, str]:
        """What a connection says of its user, to a server that has sent this nonce."""
        signature = base64.urlsafe_b64encode(self._key.sign(nonce.encode()))
        return {"nkey": self.public, "sig": signature.decode().rstrip("=")}


def _as_text(raw: bytes) -> str:
    return base64.b32encode(_with_checksum(raw)).decode().rstrip("=")


def _with_checksum(raw: bytes) -> bytes:
    return raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
