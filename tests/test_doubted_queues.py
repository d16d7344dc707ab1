"""A change of queues that was under way when the link broke: what is configured holds."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from tests.scene import BRUCE, SUPPORT, Scene
from tests.test_context import Script, a_context
from tests.test_rebuild import everywhere, snapshot, station
from xucd.center.directory import User
from xucd.center.intents import AddMember, Intent, SetPenalty
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.commands import queues
from xucd.commands.context import Context
from xucd.cti import commands as cmd
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey


class Table:
    """Bruce is in his queues; what is asked of Asterisk fails with `code` until it is None."""

    def __init__(self) -> None:
        self.scene = Scene([station()])
        self.scene.rebuilds(snapshot(*everywhere()))
        self.code: str | None = "AsteriskUnavailable"
        script = Script()
        script.ask = self.ask  # type: ignore[method-assign]
        self.context: Context = a_context(self.scene, script)
        self.context.asterisk._send = self.ask
        stores = SimpleNamespace(set_membership=self.store, write_changes=lambda _: None)
        self.context.journal = cast(Any, stores)
        user = User(1, "ada", "Ada", "Admin", profile="Admin")
        self.who = Session(user, SignInKey("s", "g"), rights_of(user, strict=True), writer=None)
        self.scene.forget()

    async def ask(self, intent: Intent) -> None:
        if self.code is not None:
            raise Refused(self.code)

    async def store(self, *_: object) -> None:
        """Nothing is looked at: the centre says what is configured."""

    async def changes(self, penalty: int) -> None:
        """Have Bruce's penalty in support changed, in vain."""
        command = cmd.SetAgentQueue(agent_id=BRUCE, queue_id=SUPPORT, penalty=penalty)
        with pytest.raises(Refused):
            await queues.set_agent_queue(self.context, command, self.who)
        for task in list(self.context.asterisk._fired):
            await task


async def test_what_asterisk_has_changed_all_the_same_is_put_right_by_the_next_list() -> None:
    table = Table()
    await table.changes(7)
    changed = [
        msgspec.structs.replace(each, penalty=7) if each.queue == "support" else each
        for each in everywhere()
    ]
    table.scene.rebuilds(snapshot(*changed))
    assert table.scene.asked == [SetPenalty("support", "PJSIP/1001", 0)]
    table.scene.forget()
    table.scene.rebuilds(snapshot(*everywhere()))
    assert table.scene.asked == []


async def test_a_member_that_asterisk_has_removed_all_the_same_is_put_back() -> None:
    table = Table()
    await table.changes(7)
    table.scene.rebuilds(snapshot(*(each for each in everywhere() if each.queue != "support")))
    assert table.scene.asked == [AddMember("support", "PJSIP/1001", "Agent/2501", 0, False)]


async def test_what_asterisk_has_undone_leaves_others_changes_alone() -> None:
    table = Table()
    table.code = "AsteriskTimeout"
    command = cmd.SetAgentQueue(agent_id=BRUCE, queue_id=SUPPORT, penalty=7)
    with pytest.raises(Refused):
        await queues.set_agent_queue(table.context, command, table.who)
    table.code = None  # the undoing is answered
    for task in list(table.context.asterisk._fired):
        await task
    changed = [
        msgspec.structs.replace(each, penalty=5) if each.queue == "support" else each
        for each in everywhere()
    ]
    table.scene.rebuilds(snapshot(*changed))
    assert table.scene.asked == []
