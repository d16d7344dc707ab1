"""Whether NATS lets a node do what it does there: each server is connected to, and tried once."""

from collections.abc import Iterable
from typing import NamedTuple

from xucd.cluster import packets as pk
from xucd.cluster.nats_connection import NatsConnection
from xucd.cluster.nats_link import NatsLink
from xucd.cluster.nats_protocol import NatsError, ServerInfo
from xucd.cluster.subjects import link_of, subjects_of
from xucd.config.cluster import Cluster

NOBODY = "xucd-check"
"""A feed that nobody has, and a node that is none: what is said to them is passed over."""


class Outcome(NamedTuple):
    """What came of a server: why there is no connection, or what it has turned down."""

    server: str
    failure: str = ""
    turned_down: tuple[str, ...] = ()


async def try_as_owner(cluster: Cluster) -> list[Outcome]:
    """Listen to edges and to other owners as the owner of a PBX does, and speak as that."""
    link, subjects, pbx = link_of(cluster), subjects_of(cluster), cluster.pbx
    for heard in (subjects.from_any_edge(pbx), subjects.hosts_of(pbx), subjects.homes_of(pbx)):
        link.subscribe(heard, _heard)
    others = (subjects.to_home(pbx, NOBODY), subjects.to_host(pbx, NOBODY))
    return await _try(link, [subjects.to_edge(pbx, NOBODY), *others])


async def try_as_edge(cluster: Cluster, pbxs: Iterable[str]) -> list[Outcome]:
    """Listen to the owners of all PBXs, and speak to these, as an edge does."""
    link, subjects = link_of(cluster), subjects_of(cluster)
    link.subscribe(subjects.from_any_pbx(cluster.node), _heard)
    return await _try(link, [subjects.to_owner(cluster.node, pbx) for pbx in pbxs])


async def _try(link: NatsLink, subjects: list[str]) -> list[Outcome]:
    outcomes = []
    for server in link.servers:
        turned_down: list[str] = []
        failure = ""
        try:
            connection = await link.connect(server, _accepted, turned_down.append)
            for subject in subjects:
                connection.publish(subject, pk.over(NOBODY))
            await connection.settled()
            await connection.close()
        except (OSError, NatsError, UnicodeError) as error:
            failure = str(error) or "no answer"
        outcomes.append(Outcome(server.geturl(), failure, tuple(turned_down)))
    return outcomes


def _accepted(_connection: NatsConnection, _info: ServerInfo) -> None:
    """What is tried begins when it is connected."""


def _heard(_subject: str, _data: bytes) -> None:
    """What others say meanwhile is for the node itself."""
