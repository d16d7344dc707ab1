"""The settings of a node: how several xucds serve one centre together."""

import base64
import binascii
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta
from sqlalchemy import make_url

from xucd.center.directory import MAIN
from xucd.config import validation
from xucd.config.directories import loopback
from xucd.config.entries import PbxName
from xucd.config.section import Section
from xucd.config.validation import ConfigValueError

Word = Annotated[str, Meta(pattern=validation.CLUSTER_WORD)]


class Cluster(Section, frozen=True, kw_only=True):
    """A node of a centre that has several.

    `node` is its own name. `pbx` names the PBX beside it, if it has a table `[ami]`; without one it
    is an edge, which serves clients of all PBXs that are configured. `name` is the
    centre's, by which centres that share NATS servers are told apart. `servers` are NATS servers,
    of which one is used at a time; `nkey` is the seed by which a node proves who it is there.
    """

    node: Word
    pbx: PbxName = MAIN
    name: Word = "xucd"
    servers: tuple[Annotated[str, Meta(pattern=validation.NATS_URL)], ...]
    nkey: Annotated[str, Meta(pattern=validation.NKEY_SEED)] = ""
    nkey_file: str | None = None
    ca_file: Annotated[str, Meta(pattern=validation.FILE)] | None = None


def check_cluster(cluster: Cluster, store: str) -> None:
    """Check what types cannot express. `store` is the database's URL. Raises `ConfigValueError`."""
    if make_url(store).get_backend_name() == "sqlite":
        raise ConfigValueError(
            ("store", "url"),
            "is a SQLite file, which the nodes of a [cluster] cannot share: name one PostgreSQL"
            " database for all of them, such as postgresql://xucd@db.example.org/xucd",
        )
    if not cluster.servers:
        raise ConfigValueError(
            ("cluster", "servers"), "is empty; name a NATS server, such as tls://nats.example.org"
        )
    if cluster.nkey and not _is_whole(cluster.nkey):
        raise ConfigValueError(
            ("cluster", "nkey"),
            "is not the seed that nk has printed: its checksum is wrong, so some letter is",
        )
    for index, url in enumerate(cluster.servers):
        path = ("cluster", "servers", index)
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise ConfigValueError(
                path, f"is {validation.quoted(url)}, whose host or port there cannot be"
            ) from None
        if parts.scheme != "tls" and not loopback(parts.hostname or ""):
            raise ConfigValueError(
                path,
                f"is {validation.quoted(url)} without TLS: callers' numbers and users' commands"
                " would cross the network in clear text; use tls://",
            )


def _is_whole(nkey: str) -> bool:
    """Whether a seed has the checksum with which it ends."""
    raw = base64.b32decode(nkey + "=" * (-len(nkey) % 8))
    return binascii.crc_hqx(raw[:-2], 0).to_bytes(2, "little") == raw[-2:]
