"""Metrics of a running xucd, beside a real Asterisk."""

from __future__ import annotations

import asyncio
from urllib.request import urlopen

import pytest

from integration.fixtures import World

pytestmark = pytest.mark.any_asterisk


def metrics(port: int) -> dict[str, float]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(maxsplit=1) for line in lines if line[0] != "#")
    }


async def test_metrics_tell_of_connections_to_asterisk_and_of_what_it_said(world: World) -> None:
    await world.agent("bruce", "1001")
    told = await asyncio.to_thread(metrics, world.xucd.port)
    assert told["xucd_ami_connections"] == 1
    assert told["xucd_ami_undecodable"] == 0
    assert told['xucd_events_total{event="MemberAdded"}'] >= 1
    assert told['xucd_commands_total{command="agentLogin",outcome="ok"}'] == 1
