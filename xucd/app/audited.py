"""Which commands are audited: one row for each command, None for those that are not.

Audited is what one person does to another, to recordings and to what is configured. What users do
with their own agent and phone, and with callbacks (which have tickets), is not: it is their day's
work, and the figures have it. A test sees to it that every command has a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from xucd.app.handlers import carry_out
from xucd.callbacks.service import Callbacks
from xucd.center.audit import ASKED, Actor, AuditEntry, Kind, Target
from xucd.center.center import Center
from xucd.center.directory import Agent, Directory
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.cti import commands as cmd
from xucd.cti.session import Session
from xucd.signin.places import bucket
from xucd.store.audit_trail import AuditTrail

MAX_LISTED = 20
"""An entry's detail has at most so many items of a list."""

PERHAPS_DONE = frozenset({"PartlyApplied", "AsteriskTimeout", "StoreUnavailable"})
"""Refusals after which a part may have been done, besides those that are marked so."""


@dataclass(frozen=True, kw_only=True)
class Audited:
    """How a command is audited.

    `targets` finds whom and what it is about; `detail` are the arguments that are written down.
    `unless` says when it is not audited, as it is done to the user's own agent.
    """

    kind: Kind
    targets: Callable[[Center, Any, Session], list[Target]]
    detail: tuple[str, ...] = ()
    unless: Callable[[Center, Any, Session], bool] = lambda *_: False


def _own(center: Center, command: Any, who: Session) -> bool:
    return command.agent_id is None or command.agent_id == who.user.agent_id


def _own_login(center: Center, command: cmd.AgentLogin, who: Session) -> bool:
    return _own(center, command, who) and len(_login(center, command, who)) == 1


def _agent(center: Center, command: Any, who: Session) -> list[Target]:
    agent_id = command.agent_id if command.agent_id is not None else who.user.agent_id
    agent = center.directory.agents.get(agent_id) if agent_id is not None else None
    return [_named(agent_id, agent)]


def _named(agent_id: int | None, agent: Agent | None) -> Target:
    name = f"{agent.number} {agent.first_name} {agent.last_name}" if agent is not None else ""
    return Target("agent", agent_id, name)


def _login(center: Center, command: cmd.AgentLogin, who: Session) -> list[Target]:
    """The agent, and the one that loses its line to it."""
    targets = _agent(center, command, who)
    line = center.directory.line_by_number.get(command.phone_number)
    holder = center.on_device.get(line.phone) if line is not None else None
    if holder is not None and holder.agent.id != targets[0].id:
        targets.append(_named(holder.agent.id, holder.agent))
    return targets


def _queue(directory: Directory, queue_id: int) -> Target:
    queue = directory.all_queues.get(queue_id)
    return Target("queue", queue_id, queue.name if queue is not None else "")


def _group(directory: Directory, group_id: int) -> Target:
    group = directory.groups.get(group_id)
    return Target("group", group_id, group.name if group is not None else "")


def _agent_in_queue(center: Center, command: Any, who: Session) -> list[Target]:
    return [*_agent(center, command, who), _queue(center.directory, command.queue_id)]


def _agent_in_group(center: Center, command: Any, who: Session) -> list[Target]:
    return [*_agent(center, command, who), _group(center.directory, command.group_id)]


def _group_in_queue(center: Center, command: Any, who: Session) -> list[Target]:
    directory = center.directory
    return [_group(directory, command.group_id), _queue(directory, command.queue_id)]


def _group_between_queues(center: Center, command: Any, who: Session) -> list[Target]:
    directory, queues = center.directory, (command.from_queue_id, command.to_queue_id)
    return [_group(directory, command.group_id), *(_queue(directory, each) for each in queues)]


def _users(center: Center, command: Any, who: Session) -> list[Target]:
    one = isinstance(command, cmd.SetUserDefaultMembership)
    known = center.directory.users
    user_ids = [command.user_id] if one else command.user_ids
    users = [(user_id, known.get(user_id)) for user_id in user_ids]
    return [Target("user", user_id, user.login if user else "") for user_id, user in users]


def _message(center: Center, command: cmd.ListenCallbackMessage, who: Session) -> list[Target]:
    return [Target("message", command.voice_message_ref[:80])]


def _moving(*detail: str) -> Audited:
    return Audited(kind=Kind.SET_QUEUES, targets=_group_between_queues, detail=detail)


AUDITED: dict[type[cmd.Command], Audited | None] = {
    # -- agents: what is done to another's
    cmd.AgentLogin: Audited(
        kind=Kind.LOG_IN_AGENT, targets=_login, detail=("phone_number",), unless=_own_login
    ),
    cmd.AgentLogout: Audited(kind=Kind.LOG_OUT_AGENT, targets=_agent, unless=_own),
    cmd.PauseAgent: Audited(kind=Kind.PAUSE_AGENT, targets=_agent, detail=("reason",), unless=_own),
    cmd.UnpauseAgent: Audited(kind=Kind.UNPAUSE_AGENT, targets=_agent, unless=_own),
    # -- what is said
    cmd.ListenAgent: Audited(kind=Kind.LISTEN, targets=_agent),
    cmd.ListenCallbackMessage: Audited(kind=Kind.LISTEN_TO_MESSAGE, targets=_message),
    cmd.MonitorPause: Audited(kind=Kind.PAUSE_RECORDING, targets=_agent),
    cmd.MonitorUnpause: Audited(kind=Kind.RESUME_RECORDING, targets=_agent),
    # -- agents' queues, groups and defaults
    cmd.SetAgentQueue: Audited(
        kind=Kind.SET_QUEUES, targets=_agent_in_queue, detail=("penalty",), unless=_own
    ),
    cmd.RemoveAgentFromQueue: Audited(kind=Kind.SET_QUEUES, targets=_agent_in_queue, unless=_own),
    cmd.MoveAgentsInGroup: _moving("from_penalty", "to_penalty"),
    cmd.AddAgentsInGroup: _moving("from_penalty", "to_penalty"),
    cmd.RemoveAgentGroupFromQueueGroup: Audited(
        kind=Kind.SET_QUEUES, targets=_group_in_queue, detail=("penalty",)
    ),
    cmd.AddAgentsNotInQueueFromGroupTo: Audited(
        kind=Kind.SET_QUEUES, targets=_group_in_queue, detail=("penalty",)
    ),
    cmd.SetAgentGroup: Audited(kind=Kind.SET_GROUP, targets=_agent_in_group),
    cmd.SetUserDefaultMembership: Audited(
        kind=Kind.SET_DEFAULTS, targets=_users, detail=("membership",)
    ),
    cmd.SetUsersDefaultMembership: Audited(
        kind=Kind.SET_DEFAULTS, targets=_users, detail=("membership",)
    ),
    cmd.ApplyUsersDefaultMembership: Audited(kind=Kind.APPLY_DEFAULTS, targets=_users),
    # -- reading what the user may see
    cmd.GetList: None,
    cmd.GetConfig: None,
    cmd.GetAgentStates: None,
    cmd.GetAgentDirectory: None,
    cmd.GetUserDefaultMembership: None,
    cmd.GetQueueStatisticsCommand: None,
    cmd.SubscribeToAgentEvents: None,
    cmd.SubscribeToAgentStats: None,
    cmd.SubscribeToQueueStats: None,
    cmd.SubscribeToQueueCalls: None,
    cmd.UnsubscribeFromQueueCalls: None,
    cmd.SubscribeToPhoneHints: None,
    cmd.UnsubscribeFromAllPhoneHints: None,
    # -- the user's own status, phone and calls
    cmd.UserStatusUpdateCommand: None,
    cmd.GetCurrentCallsPhoneEvents: None,
    cmd.Dial: None,
    cmd.DialFromQueue: None,
    cmd.Hangup: None,
    cmd.Answer: None,
    cmd.DirectTransfer: None,
    # -- callbacks, of which each call has a ticket
    cmd.GetCallbackLists: None,
    cmd.GetCallbackPreferredPeriods: None,
    cmd.FindCallbackRequest: None,
    cmd.TakeCallback: None,
    cmd.ReleaseCallback: None,
    cmd.StartCallback: None,
    cmd.UpdateCallbackTicket: None,
}


class AuditedCommands:
    """Carries out commands and writes down those that are audited. There is one for the daemon."""

    def __init__(self, trail: AuditTrail, context: Context, callbacks: Callbacks) -> None:
        self._trail = trail
        self._context = context
        self._callbacks = callbacks
        self._entries: dict[int, AuditEntry | None] = {}  # of the commands under way
        context.announce = self._announce
        context.begin = self._begin

    async def carry_out(self, command: cmd.Command, who: Session) -> str | None:
        """Carry out a client's command; returns the code of a warning, or None.

        Its entry is durable before this returns: see `xucd.store.audit_trail`. Raises `Refused`.
        """
        if AUDITED[type(command)] is None:
            return await carry_out(self._context, self._callbacks, command, who)
        self._begin(command, who)
        try:
            warning = await carry_out(self._context, self._callbacks, command, who)
        except Refused as refusal:
            await self._record(command, refusal.code, refusal.partly)
            raise
        except Exception:  # whatever it is, a part may have been done; the link logs it
            await self._record(command, "InternalError", partly=True)
            raise
        else:
            await self._record(command)
            return warning
        finally:
            del self._entries[id(command)]

    def _begin(self, command: cmd.Command, who: Session) -> None:
        """Take down whom and what a command is about, as it is now."""
        now = self._trail.now()
        self._entries[id(command)] = entry_of(self._context.center, command, who, now)

    async def _record(self, command: cmd.Command, code: str = "", partly: bool = False) -> None:
        """Write down how a command ended: with this refusal, of which a part may be done."""
        entry = self._entries[id(command)]
        if entry is None:
            return
        if code:
            entry = msgspec.structs.replace(entry, outcome=code)
        if not code or partly or code in PERHAPS_DONE:
            await self._trail.record(entry)
        else:
            self._trail.count(entry, bucket(entry.actor.address))

    async def _announce(self, command: cmd.Command, who: Session) -> None:
        """Write a command down before it is carried out. Raises `Refused`, `StoreUnavailable`."""
        entry = entry_of(self._context.center, command, who, self._trail.now())
        if entry is not None:
            await self._trail.require(msgspec.structs.replace(entry, outcome=ASKED))


def entry_of(center: Center, command: cmd.Command, who: Session, now: float) -> AuditEntry | None:
    """The entry of a command that is carried out, None for one that is not audited."""
    row = AUDITED[type(command)]
    if row is None or row.unless(center, command, who):
        return None
    targets = row.targets(center, command, who)
    detail: dict[str, object] = {"command": command.__struct_config__.tag}
    for name in row.detail:
        value = msgspec.to_builtins(getattr(command, name))
        if value is not None:
            detail[name] = value[:MAX_LISTED] if isinstance(value, list) else value
    user = who.user
    return AuditEntry(
        at=now,
        actor=Actor(user.login, user.id, who.address, who.sign_in.sid),
        kind=row.kind,
        targets=tuple(targets),
        detail=detail,
    )
