"""A node that changes from edge to owner, or back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cluster_settings import AMI, CLUSTER, loaded
from xucd.app.pbx_node import PbxNode
from xucd.app.streams import durable_streams
from xucd.cti.messages import AgentListen, encode
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams.records import Owner


def segments(folder: Path) -> list[str]:
    return [file.name for file in folder.glob("streams-*.1")]


async def test_a_node_that_changes_ends_its_own_streams_and_no_other_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    settings = loaded(tmp_path, CLUSTER + AMI)
    for node in ("a", "edge-1"):  # both have ended, or are about to be started again
        streams = durable_streams(settings.store.url, node)
        streams.load()
        stream = streams.open(Owner(1, b""), SignInKey("one", "first"))
        streams.send(stream, encode(AgentListen(started=True, phone_number="1001", agent_id=8)))
        streams.write()
        streams.close()

    async def begin(node: PbxNode) -> None:
        """There is no database here that it could begin with."""

    monkeypatch.setattr(PbxNode, "_begin", begin)
    await PbxNode(settings)._change()
    assert segments(tmp_path) == ["streams-edge-1.1"]
