"""NATS, by which the nodes of a centre speak: whether it lets this one be what it is to be."""

from collections.abc import AsyncIterator, Iterable

from msgspec.structs import replace

from xucd.center.directory import Directory
from xucd.cluster.nats_trial import Outcome, try_as_edge, try_as_owner
from xucd.cluster.nkey import Nkey
from xucd.config.cluster import Cluster
from xucd.config.settings import Settings
from xucd.tools.checks import Finding


async def reached(settings: Settings, directory: Directory) -> AsyncIterator[Finding]:
    """Servers that cannot be used, and what they turn down."""
    cluster = settings.cluster
    assert cluster is not None
    if not settings.is_edge:
        what = f"own the PBX {cluster.pbx}"
        for finding in _findings(cluster, what, await try_as_owner(cluster)):
            yield finding
        return
    processes = settings.web.processes
    names = [f"{cluster.node}-{n}" for n in range(1, processes + 1)] if processes > 1 else []
    for node in names or [cluster.node]:
        outcomes = await try_as_edge(replace(cluster, node=node), directory.pbxs)
        for finding in _findings(cluster, f"be the edge {node}", outcomes):
            yield finding


def _findings(cluster: Cluster, what: str, outcomes: Iterable[Outcome]) -> Iterable[Finding]:
    for server, failure, turned_down in outcomes:
        if failure:
            yield Finding(
                "NatsUnusable",
                "error",
                f"cannot connect to NATS at {server} ({failure})",
                "start the server; write tls:// where it has a certificate, and name who has signed"
                f" that in cluster.ca_file; {_entered(cluster)}",
            )
        if turned_down:
            yield Finding(
                "NatsTurnsDown",
                "error",
                f"the NATS server {server} does not let this node {what}: {'; '.join(turned_down)}",
                "correct cluster.node, cluster.pbx and cluster.name, or give the node's user at the"
                f" server the rights that docs/nats.conf shows; {_entered(cluster)}",
            )


def _entered(cluster: Cluster) -> str:
    if not cluster.nkey:
        return "where it has users, set cluster.nkey_file"
    return f"the user has the key {Nkey(cluster.nkey).public}"
