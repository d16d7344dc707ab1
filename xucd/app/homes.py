"""Agents that come home to this PBX, or leave it, in a centre of several.

Another node may have taken an agent: the rows that changed are asked for once a second. And a
member of an agent that is away may appear here, which another program has added: then the agent
comes, unless it is logged in at its home.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

import structlog

from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.changes import AgentFound, Change
from xucd.center.directory import Agent, Line
from xucd.center.homes import Home
from xucd.center.refused import Refused
from xucd.center.rules.homes import remove_named
from xucd.center.rules.members import log_in_named
from xucd.center.station import Station
from xucd.commands.context import Context
from xucd.commands.homes import bring_home, let_go, store_logout, take_home
from xucd.commands.locks import agent_key
from xucd.store import homes

Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

log = structlog.get_logger()


class HomesFollowed:
    """Follows where agents are at home. `start` begins a task, `relist` lists all members anew."""

    def __init__(self, context: Context, start: Start, relist: Callable[[], object]) -> None:
        self._context = context
        self._start = start
        self._relist = relist
        self._center: Center | None = None  # whose homes were asked for
        self._since = 0
        self._found: set[int] = set()  # agents that are being asked for

    async def refresh(self) -> list[asyncio.Task[None]]:
        """See which homes have changed; returns what comes of it. To be called once a second."""
        center = self._context.center
        if center.at_home is None:
            return []
        if center is not self._center:
            self._center, self._since = center, 0
        try:
            changed = await self._context.journal.read(homes.homes, self._since)
        except Refused:
            return []  # logged where it was found
        begun = []
        for home in changed:
            self._since = home.number
            here = home.pbx == center.directory.pbx
            if here == center.is_away(home.agent_id) and home.agent_id in center.directory.agents:
                begun.append(self._start(self._follow(home, here=here)))
        return begun

    def apply_changes(self, changes: Iterable[Change]) -> None:
        """Ask for the agents of which members were found."""
        if self._context.center.at_home is None:
            return
        for change in changes:
            if isinstance(change, AgentFound) and change.agent_id not in self._found:
                self._found.add(change.agent_id)
                self._start(self._ask_for(change))

    async def _follow(self, home: Home, *, here: bool) -> None:
        """Have an agent whose home is here, or another PBX, by now."""
        context, agent_id = self._context, home.agent_id
        async with context.locks.command(agent_key(agent_id)):
            center = context.center
            if center.at_home is None:
                return
            if not here:
                let_go(context, home)
                return
            try:
                await bring_home(context, agent_id)
            except Refused:  # logged where it was found
                self._since = min(self._since, home.number - 1)  # it is asked for again
            else:
                self._relist()  # what was begun of a login is completed

    async def _ask_for(self, found: AgentFound) -> None:
        """Have an agent log in by its members that were found, or these removed."""
        context, agent_id = self._context, found.agent_id
        try:
            async with context.locks.command(agent_key(agent_id)):
                center = context.center
                agent = center.directory.agents.get(agent_id)
                line = center.directory.lines.get(found.line_id)
                if agent is None or line is None:
                    return
                was_away = center.is_away(agent_id)
                if was_away:
                    await self._take(agent, line)
                live = center.agents.get(agent_id)
                if live is not None:
                    log_in_named(center, agent_id, context.now())
                context.publish()
                if live is not None and was_away and live.stance is Stance.OUT:
                    # Its members have gone again: nothing else would say that it is out.
                    out = Station(agent_id, line.id, False, context.now())
                    with suppress(Refused):  # logged where it was found
                        await store_logout(context, out)
        finally:
            self._found.discard(agent_id)

    async def _take(self, agent: Agent, line: Line) -> None:
        """Be the home of an agent of which a member was found, or have that removed."""
        center = self._context.center
        if line.phone in center.on_device or center.is_expected(line, agent.id):
            remove_named(center, agent.id)  # the line is another's
            return
        try:
            await take_home(self._context, agent, line, logged_in=True)
        except Refused as refusal:
            log.info("an agent cannot come", agent=agent.id, code=refusal.code)
            if refusal.code == "LoggedInOnAnotherPhone":
                remove_named(center, agent.id)
