"""What has changed while xucd was away, or untold when it was killed, is told to its streams."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from tests.house import USERS, House
from tests.scene import BILLING, BRUCE, SALES, SUPPORT
from tests.test_callback_rules import request
from xucd.callbacks.service import Callbacks
from xucd.center import changes as ch
from xucd.center.rights import rights_of
from xucd.center.rules import commanded
from xucd.commands import lists
from xucd.cti import commands as cmd
from xucd.cti.hub import Hub
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams.file import StreamFile
from xucd.cti.streams.log import StreamLog
from xucd.cti.streams.records import Owner
from xucd.publishing import differences
from xucd.publishing.changes import Publisher
from xucd.publishing.opening import subscribe_to_own

CALL = ch.PhoneCall(ch.Stage.RINGING, "100", "", True, "", "1.1", "1.1", {})
LISTENED = ch.AgentListened(BRUCE, "1004", 4, True)
SIGN_IN = SignInKey("one", "first")


class Xucd(House):
    """A centre whose pages have streams, which go on in the next one that is given them."""

    def __init__(self, streams: StreamLog) -> None:
        super().__init__()
        self.streams = streams
        self.context.hub = Hub(asyncio.get_running_loop(), streams=streams)
        self.publisher = Publisher(self.context)

    async def stream(self, login: str, *kinds: str) -> Session:
        """Open a page that has subscribed to these lists."""
        user = USERS[login]
        stream = self.streams.open(Owner(user.id, b"rights"), SIGN_IN)
        page = Session(user, SIGN_IN, rights_of(user, strict=False), None, stream)
        subscribe_to_own(self.context, page)
        if self.streams.told is None:
            differences.remember(self.context)
        for kind in kinds:
            await lists.get_list(self.context, cmd.GetList(object_type=cast(Any, kind)), page)
        await lists.subscribe_to_agent_events(self.context, cmd.SubscribeToAgentEvents(), page)
        return page

    def configures(self, penalty: int) -> None:
        """An administrator gives an agent another penalty, or with -1 takes it out of a queue."""
        commanded.configure(self.scene.center, BRUCE, SUPPORT, penalty, self.scene.now)
        self.scene.happens()

    def tell_differences_to(self, *before: Session) -> None:
        """After a restart, take in the sessions from before it, and tell them what has changed."""
        sessions = [Session(s.user, SIGN_IN, s.rights, None, s.stream) for s in before]
        for session in sessions:
            self.context.hub.restore(session)
        differences.restore(self.context, sessions)
        differences.publish_differences(self.context)


def told(xucd: Xucd, page: Session, kind: str, after: int) -> list[dict[str, Any]]:
    """The messages of a kind that a page missed after a position."""
    assert page.stream is not None
    frames = xucd.streams.after(page.stream, after)
    assert frames is not None
    missed = [msgspec.json.decode(frame[frame.index(b"{") :]) for frame in frames]
    return [each["ctiMessage"] for each in missed if each["msgType"] == kind]


async def test_the_end_of_a_membership_is_told_though_nobody_followed_its_last_change() -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    await before.stream("ada")  # without the lists
    before.configures(3)
    before.publish()
    sue = await before.stream("sue", "queuemember")
    position = streams.position
    after = Xucd(streams)
    after.configures(-1)
    after.tell_differences_to(sue)
    (end,) = told(after, sue, "QueueMember", position)
    assert (end["agentId"], end["queueId"], end["penalty"]) == (BRUCE, SUPPORT, -1)


async def test_the_end_of_a_call_is_told_though_nobody_followed_its_beginning() -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    await before.stream("ada")
    before.publisher.publish([ch.PhoneCallChanged(line_id=1, call=CALL)])
    bruce = await before.stream("bruce")
    position = streams.position
    after = Xucd(streams)
    after.tell_differences_to(bruce)
    (end,) = told(after, bruce, "PhoneEvent", position)
    assert (end["eventType"], end["uniqueId"]) == ("EventReleased", CALL.unique_id)


async def test_what_has_ended_before_is_not_told_as_ended_again() -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    await before.stream("ada")
    released = msgspec.structs.replace(CALL, stage=ch.Stage.RELEASED)
    for call in (CALL, released):
        before.publisher.publish([ch.PhoneCallChanged(line_id=1, call=call)])
    bruce = await before.stream("bruce")
    position = streams.position
    after = Xucd(streams)
    after.tell_differences_to(bruce)
    assert told(after, bruce, "PhoneEvent", position) == []


@pytest.mark.parametrize("is_followed", [True, False])
async def test_that_nobody_listens_any_more_is_told(is_followed: bool) -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    bruce = await before.stream("bruce" if is_followed else "ada")
    before.publisher.publish([LISTENED])
    if not is_followed:
        bruce = await before.stream("bruce")
    position = streams.position
    after = Xucd(streams)
    after.tell_differences_to(bruce)
    (end,) = told(after, bruce, "AgentListen", position)
    assert end == {"started": False, "phoneNumber": "1004", "agentId": BRUCE}


async def test_who_goes_on_listening_is_not_told_again() -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    bruce = await before.stream("bruce")
    before.publisher.publish([LISTENED])
    position = streams.position
    after = Xucd(streams)
    after.scene.center.listeners["9.9"] = LISTENED
    after.tell_differences_to(bruce)
    assert told(after, bruce, "AgentListen", position) == []


@pytest.mark.parametrize("is_followed", [True, False])
async def test_that_somebody_has_stopped_to_listen_is_told_once(is_followed: bool) -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    bruce = await before.stream("bruce" if is_followed else "ada")
    before.publisher.publish([LISTENED, msgspec.structs.replace(LISTENED, started=False)])
    if not is_followed:
        bruce = await before.stream("bruce")
    position = streams.position
    after = Xucd(streams)
    after.tell_differences_to(bruce)
    assert told(after, bruce, "AgentListen", position) == []


async def test_an_agent_is_told_that_it_has_a_callback_no_more() -> None:
    streams = StreamLog(lambda: 1000.0)
    before = Xucd(streams)
    bruce = await before.stream("bruce")  # who has not asked for the lists
    taken = request(agent_id=BRUCE)
    Callbacks(before.context).restore([taken], [])
    position = streams.position
    after = Xucd(streams)
    after.tell_differences_to(bruce)
    free = msgspec.structs.replace(taken, agent_id=None)
    Callbacks(after.context).restore([free], [])
    (update,) = told(after, bruce, "CallbackRequestUpdated", position)
    assert update["request"]["agentId"] is None


def in_files(folder: Path) -> StreamLog:
    """The log that is in the files of a folder."""
    file = StreamFile(folder / "streams", "boot", keep=120, limit=1 << 27)
    log = StreamLog(lambda: 1000.0, file)
    log.load()
    return log


def written(folder: Path) -> bytes:
    """What is in the only file of the log."""
    (segment,) = folder.glob("streams.[0-9]*")
    return segment.read_bytes()


def cut(folder: Path, content: bytes) -> None:
    """Have a log of one file with this content, and nothing else."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "streams.1").write_bytes(content)


async def test_killed_in_the_middle_of_a_write_every_view_of_a_state_is_told(
    tmp_path: Path,
) -> None:
    streams = in_files(tmp_path)
    before = Xucd(streams)
    pages = [await before.stream(login, "agent") for login in ("ada", "sue")]
    streams.write()
    begun, position = len(written(tmp_path)), streams.position
    before.scene.logs_in()
    before.publish()
    streams.write()
    whole = written(tmp_path)
    streams.close()
    for size in range(begun, len(whole), 3):
        cut(tmp_path, whole[:size])
        streams = in_files(tmp_path)
        after = Xucd(streams)
        after.scene.logs_in()
        for page in pages:
            assert page.stream is not None
            page.stream = streams.streams[page.stream.epoch]
        after.tell_differences_to(*pages)
        for page, queues in zip(pages, ([SUPPORT, SALES, BILLING], [SUPPORT]), strict=True):
            states = told(after, page, "AgentStateEvent", position)
            assert states[-1]["queues"] == queues, size
        streams.close()
