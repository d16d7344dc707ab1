"""Metrics of a running xucd, beside a real Asterisk."""

from __future__ import annotations

import asyncio

import pytest

from integration.fixtures import World

pytestmark = pytest.mark.any_asterisk


async def test_metrics_tell_of_connections_to_asterisk_and_of_what_it_said(world: World) -> None:
    await world.agent("bruce", "1001")
    told = await asyncio.to_thread(world.xucd.metrics)
    assert told["xucd_ami_connections"] == 1
    assert told["xucd_ami_undecodable"] == 0
    assert told['xucd_events_total{event="MemberAdded"}'] >= 1
    assert told['xucd_commands_total{command="agentLogin",outcome="ok"}'] == 1
