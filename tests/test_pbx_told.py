"""What clients are told of the PBX of an agent and a queue, in a centre with several."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tests.house import House, Page
from tests.scene import BRUCE, SALES
from xucd.center.changes import QueueConfigChanged
from xucd.commands import lists
from xucd.cti import commands as cmd
from xucd.cti import messages as msg
from xucd.publishing.opening import send_opening


def house(pbx: str | None) -> House:
    """A house whose Asterisk is current, beside this PBX of several or else beside the only one."""
    house = House()
    house.context.asterisk = cast(Any, SimpleNamespace(current=True, lost_since=None))
    house.context.options = replace(house.context.options, pbx=pbx or "main")
    house.context.center.directory.pbx = pbx
    return house


async def told(house: House) -> Page:
    """A page: its opening, its list of queues, a change of its agent and one of a queue."""
    page = house.page("bruce")
    send_opening(house.context, page)
    await lists.get_list(house.context, cmd.GetList(object_type="queue"), page)
    house.scene.logs_in(BRUCE)
    house.publish()
    house.publisher.publish([QueueConfigChanged(SALES)])
    return page


@pytest.mark.parametrize("pbx", ["north", None])
async def test_of_several_pbxs_agents_and_queues_are_told_with_theirs(pbx: str | None) -> None:
    page = await told(house(pbx))
    named: Any = pbx or UNSET
    assert {state.pbx for state in page.of(msg.AgentStateEvent)} == {named}
    assert len(page.of(msg.AgentStateEvent)) > 1
    (queues,) = page.of(msg.QueueList)
    assert {queue.pbx for queue in queues.items} == {named}
    assert {queue.pbx for queue in page.of(msg.QueueConfig)} == {named}


async def test_of_several_pbxs_a_link_opens_with_each_and_of_one_only_if_it_is_lost() -> None:
    page = await told(house("north"))
    assert page.of(msg.LinkStatus) == [msg.LinkStatus(asterisk="current", pbx="north")]
    assert (await told(house(None))).of(msg.LinkStatus) == []
