"""What nodes call each other on NATS, and the link that they have to it.

A subject is ``CENTRE.edge.NODE.PBX`` for what an edge says to the owner of a PBX, and
``CENTRE.pbx.PBX.NODE`` for what that says to the edge. Owners speak to each other below
``CENTRE.owner.PBX``. So a user of NATS that may publish below
``CENTRE.edge.NODE`` alone can speak for this edge alone, and one that may publish below
``CENTRE.pbx.PBX`` and ``CENTRE.owner.PBX`` for this PBX.
"""

import ssl
from typing import NamedTuple

import structlog

from xucd.cluster.nats_link import NatsLink
from xucd.config.cluster import Cluster

log = structlog.get_logger()


class Subjects(NamedTuple):
    """The subjects of a centre."""

    centre: str

    def to_owner(self, node: str, pbx: str) -> str:
        """What an edge says to a PBX's owner."""
        return f"{self.centre}.edge.{node}.{pbx}"

    def from_any_edge(self, pbx: str) -> str:
        """What all edges say to a PBX's owner."""
        return f"{self.centre}.edge.*.{pbx}"

    def to_edge(self, pbx: str, node: str) -> str:
        """What a PBX's owner says to an edge."""
        return f"{self.centre}.pbx.{pbx}.{node}"

    def from_any_pbx(self, node: str) -> str:
        """What the owners of all PBXs say to an edge."""
        return f"{self.centre}.pbx.*.{node}"

    def to_home(self, host: str, home: str) -> str:
        """What a PBX's owner says to that of another PBX whose agents are in its queues."""
        return f"{self.centre}.owner.{host}.host.{home}"

    def to_host(self, home: str, host: str) -> str:
        """What a PBX's owner says to that of another PBX in whose queues its agents are."""
        return f"{self.centre}.owner.{home}.home.{host}"

    def hosts_of(self, home: str) -> str:
        """What all PBXs' owners say to the home of agents in their queues."""
        return f"{self.centre}.owner.*.host.{home}"

    def homes_of(self, host: str) -> str:
        """What all PBXs' owners say of agents in another one's queues."""
        return f"{self.centre}.owner.*.home.{host}"

    def speaker_of(self, subject: str) -> str:
        """The PBX whose owner has published to another PBX's."""
        return subject.split(".")[2]

    def pbx_of(self, subject: str) -> str:
        """The PBX whose owner has published to a subject."""
        return subject.split(".")[2]

    def node_of(self, subject: str) -> str:
        """The edge that has published to a subject."""
        return subject.split(".")[2]


def send(link: NatsLink, subject: str, packet: bytes) -> bool:
    """Send a packet; False if it is not sent: see `NatsLink.publish`."""
    if len(packet) > link.max_payload and link.connected:
        log.error("NATS takes no packet so long: raise its max_payload", limit=link.max_payload)
        return False
    return link.publish(subject, packet)


def subjects_of(cluster: Cluster) -> Subjects:
    """The subjects of this node's centre."""
    return Subjects(cluster.name)


def link_of(cluster: Cluster) -> NatsLink:
    """A link of this node to NATS, not started yet."""
    tls = None
    if cluster.ca_file is not None:
        tls = ssl.create_default_context(cafile=cluster.ca_file)
    return NatsLink(cluster.servers, tls=tls, nkey=cluster.nkey or None, name=cluster.node)
