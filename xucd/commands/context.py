"""What command handlers work with: the centre, Asterisk, the store, the clients, and the settings.

Commands that log an agent in or out, or change its queues, hold it meanwhile, and the line that it
takes (`xucd.commands.locks`): two that want the same are served in turn, and each sees what the one
before has done.

Whoever sent a command may lose its rights while the command waits. So a handler asks for
`who.rights` after each wait, and calls `who.check()` where it has nothing to ask of them. An agent
may come to another group meanwhile, too: so whether it may be commanded is asked once it is held.
What is done to one agent is then finished, and nothing is begun with the next.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from xucd.agi.call_variables import CallVariables
from xucd.center.center import Center
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.locks import Commanding, Locks, agent_key
from xucd.config.settings import Dialing, Features
from xucd.cti.commands import Command
from xucd.cti.hub import Hub
from xucd.cti.messages import UserStatus
from xucd.cti.session import Session
from xucd.store.journal import Journal


class Options(msgspec.Struct, frozen=True):
    """The settings that decide what commands do."""

    statuses: tuple[UserStatus, ...] = ()
    features: Features = msgspec.field(default_factory=Features)
    dialing: Dialing = msgspec.field(default_factory=Dialing)
    hints_by_list: bool = False
    """Whether a user may watch the phones only of the agents whom it may see, and its own."""
    pbx: str | None = None
    """The PBX of this node, in a centre of several nodes."""


def _untold(command: Command, who: Session) -> None:
    """Tell nobody."""


async def _unsaved() -> None:
    """Write nothing."""


async def _away(pbx: str, linked_id: str, paused: bool) -> None:
    raise Refused("PbxUnavailable", "The other telephone system cannot be reached.")


async def _unaudited(command: Command, who: Session) -> None:
    """Announce nothing."""


@dataclass(slots=True, eq=False, kw_only=True)
class Context:
    """One for the whole daemon."""

    center: Center
    """The model; replaced when the configuration is reloaded."""

    asterisk: AsteriskRequests
    journal: Journal
    hub: Hub
    options: Options

    now: Callable[[], float]
    """The time in epoch seconds; it never goes back."""

    publish: Callable[[], None]
    """Pass the centre's changes on: to be called after a command has changed the centre."""

    save_figures: Callable[[], Awaitable[None]] = _unsaved
    """Have the figures written that have moved. Raises `StoreError`."""

    announce: Callable[[Command, Session], Awaitable[None]] = _unaudited
    """Have it written down that a command is about to be carried out that may not happen unseen:
    to be called once nothing speaks against it. Raises `Refused` with `StoreUnavailable`."""

    pause_elsewhere: Callable[[str, str, bool], Awaitable[None]] = _away
    """Pause the recording of a call of another PBX's queue, by that PBX's name and the call's
    linked id there, or go on with it. Raises `Refused`."""

    begin: Callable[[Command, Session], None] = _untold
    """Have it taken down anew whom a command is about: to be called by one that is about others
    than it names, once it holds them."""

    call_variables: CallVariables = field(default_factory=CallVariables)
    """The variables of calls that commands have placed, until the dialplan fetches them."""

    locks: Locks = field(default_factory=Locks)
    """Who may change which agents."""

    rights_in_use: set[Rights] = field(default_factory=set)
    """The rights of all sessions that have subscribed to lists whose content depends on them."""

    def stations(self, who: Session, *agent_ids: int | None) -> Commanding:
        """Let a client's command change stations, and hold these agents for it, None for no one.

        To be entered with `async with`, which raises `Refused` with `NotAuthorized` if the client
        was dismissed while it waited.
        """
        keys = [agent_key(agent_id) for agent_id in agent_ids if agent_id is not None]
        return self.locks.command(*keys, check=who.check)

    def in_doubt(self, live: LiveAgent) -> bool:
        """Whether Asterisk may yet change the agent's members by an action without an answer."""
        return self.asterisk.in_doubt(self.center.owners.interfaces(live))
