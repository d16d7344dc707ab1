"""What clients ask: one struct for every command; `frames` makes one out of a frame.

A command's class carries its wire name as its tag; fields have sane Python names and map to the
spellings of clients in the field (`agentid` here, `agentId` there). Clients are lenient and so are
the types: ids and penalties may be numbers or decimal strings, phone numbers strings or numbers,
and null for an optional argument is the same as none. An `agent_id` of None means the user's own
agent. What is said here of an argument is all that is checked: whether an agent exists or may be
touched is for whoever carries the command out.
"""

import datetime
import uuid
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from xucd.cti.messages import RequestId

# Not one control character anywhere: values end up in AMI actions and on other people's screens.
_LINE_OF_TEXT = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
_SOME_TEXT = r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*\Z"

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Penalty = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[int, Meta(ge=0, le=7 * 86400)]
Name = Annotated[str, Meta(max_length=80, pattern=_LINE_OF_TEXT)]
Text = Annotated[str, Meta(max_length=4000, pattern=_SOME_TEXT)]
Number = Annotated[str, Meta(pattern=r"\A[0-9A-Za-z_*#+.-]{1,40}\Z", extra={"number": True})]
"""Something to dial: dialable characters only."""
LineNumber = Annotated[str, Meta(max_length=40, pattern=_LINE_OF_TEXT, extra={"number": True})]
"""Something to look a line up by, never dialled: what is not dialable is simply unknown."""
Variables = Annotated[
    dict[
        Annotated[str, Meta(pattern=r"\A[A-Za-z_][A-Za-z0-9_]{0,39}\Z")],
        Annotated[str, Meta(max_length=4096, pattern=_LINE_OF_TEXT)] | int | float | bool | None,
    ],
    Meta(max_length=50),
]
ObjectType = Literal["agent", "agentgroup", "queue", "queuemember", "basequeuemember"]


class Command(msgspec.Struct, tag_field="command", kw_only=True, rename="camel"):
    """A command. `request_id` is there when the client wants to be told what became of it."""

    request_id: RequestId | None = None


# --- Agents --------------------------------------------------------------------------------------


class AgentLogin(Command, kw_only=True, tag="agentLogin"):
    phone_number: LineNumber = field(name="agentphonenumber")
    agent_id: Id | None = field(name="agentid", default=None)


class AgentLogout(Command, kw_only=True, tag="agentLogout"):
    agent_id: Id | None = field(name="agentid", default=None)


class PauseAgent(Command, kw_only=True, tag="pauseAgent"):
    agent_id: Id | None = field(name="agentid", default=None)
    reason: Name | None = None


class UnpauseAgent(Command, kw_only=True, tag="unpauseAgent"):
    agent_id: Id | None = field(name="agentid", default=None)


class ListenAgent(Command, kw_only=True, tag="listenAgent"):
    agent_id: Id | None = field(name="agentid", default=None)


class SetAgentQueue(Command, kw_only=True, tag="setAgentQueue"):
    agent_id: Id | None = None
    queue_id: Id
    penalty: Penalty


class RemoveAgentFromQueue(Command, kw_only=True, tag="removeAgentFromQueue"):
    agent_id: Id | None = None
    queue_id: Id


class MonitorPause(Command, kw_only=True, tag="monitorPause"):
    agent_id: Id | None = field(name="agentid", default=None)


class MonitorUnpause(Command, kw_only=True, tag="monitorUnpause"):
    agent_id: Id | None = field(name="agentid", default=None)


class SubscribeToAgentStats(Command, tag="subscribeToAgentStats"):
    pass


class SubscribeToAgentEvents(Command, tag="subscribeToAgentEvents"):
    pass


class GetAgentStates(Command, tag="getAgentStates"):
    pass


class GetAgentDirectory(Command, tag="getAgentDirectory"):
    pass


class GetList(Command, kw_only=True, tag="getList"):
    object_type: ObjectType


class GetConfig(Command, kw_only=True, tag="getConfig"):
    object_type: ObjectType | Literal["line"]


class SetAgentGroup(Command, kw_only=True, tag="setAgentGroup"):
    agent_id: Id | None = None
    group_id: Id


class _BetweenQueues(Command, kw_only=True):
    group_id: Id
    from_queue_id: Id
    from_penalty: Penalty
    to_queue_id: Id
    to_penalty: Penalty


class MoveAgentsInGroup(_BetweenQueues, tag="moveAgentsInGroup"):
    pass


class AddAgentsInGroup(_BetweenQueues, tag="addAgentsInGroup"):
    pass


class _GroupInQueue(Command, kw_only=True):
    group_id: Id
    queue_id: Id
    penalty: Penalty


class RemoveAgentGroupFromQueueGroup(_GroupInQueue, tag="removeAgentGroupFromQueueGroup"):
    pass


class AddAgentsNotInQueueFromGroupTo(_GroupInQueue, tag="addAgentsNotInQueueFromGroupTo"):
    pass


# --- Queues and memberships ----------------------------------------------------------------------


class SubscribeToQueueStats(Command, tag="subscribeToQueueStats"):
    pass


class GetQueueStatisticsCommand(Command, kw_only=True, tag="getQueueStatistics"):
    queue_id: Id
    window: Seconds
    xqos: Seconds


class SubscribeToQueueCalls(Command, kw_only=True, tag="subscribeToQueueCalls"):
    queue_id: Id


class UnsubscribeFromQueueCalls(Command, kw_only=True, tag="unSubscribeToQueueCalls"):
    queue_id: Id


class Place(msgspec.Struct, rename="camel"):
    """A queue of a default membership; its penalty is one that the centre's file can hold, too."""

    queue_id: Id
    penalty: Annotated[int, Meta(ge=0, le=10_000)]


Membership = Annotated[list[Place], Meta(max_length=1000)]
UserIds = Annotated[list[Id], Meta(max_length=5000)]


class GetUserDefaultMembership(Command, kw_only=True, tag="getUserDefaultMembership"):
    user_id: Id


class SetUserDefaultMembership(Command, kw_only=True, tag="setUserDefaultMembership"):
    user_id: Id
    membership: Membership


class SetUsersDefaultMembership(Command, kw_only=True, tag="setUsersDefaultMembership"):
    user_ids: UserIds
    membership: Membership


class ApplyUsersDefaultMembership(Command, kw_only=True, tag="applyUsersDefaultMembership"):
    user_ids: UserIds


# --- Users and phones ----------------------------------------------------------------------------


class UserStatusUpdateCommand(Command, kw_only=True, tag="userStatusUpdate"):
    status: Name


class SubscribeToPhoneHints(Command, kw_only=True, tag="subscribeToPhoneHints"):
    phone_numbers: Annotated[list[Number], Meta(max_length=1000)]


class UnsubscribeFromAllPhoneHints(Command, tag="unsubscribeFromAllPhoneHints"):
    pass


class GetCurrentCallsPhoneEvents(Command, tag="getCurrentCallsPhoneEvents"):
    pass


class Dial(Command, kw_only=True, tag="dial"):
    destination: Number
    variables: Variables | None = None


class DialFromQueue(Command, kw_only=True, tag="dialFromQueue"):
    destination: Number
    queue_id: Id
    caller_id: Name | None = None
    caller_id_name: Name | None = None
    caller_id_number: Number | None = None
    variables: Variables | None = None


class Hangup(Command, kw_only=True, tag="hangup"):
    unique_id: Name | None = None


class Answer(Command, kw_only=True, tag="answer"):
    unique_id: Name | None = None


class DirectTransfer(Command, kw_only=True, tag="directTransfer"):
    destination: Number


# --- Callbacks -----------------------------------------------------------------------------------


class GetCallbackLists(Command, tag="getCallbackLists"):
    pass


class GetCallbackPreferredPeriods(Command, tag="getCallbackPreferredPeriods"):
    pass


class CallbackFilter(msgspec.Struct):
    """One condition of a search for callbacks; with an `order` it is sorted by its field, too.

    Without an `operator` it is no condition, and only the order counts.
    """

    field: Name
    operator: Name | None = None
    value: Name | int | float | bool | None = None
    order: Name | None = None


class CallbackOrder(msgspec.Struct):
    """What to sort by: a field, and ``ASC`` or ``DESC``."""

    field: Name
    order: Name = "ASC"


class CallbackSearch(msgspec.Struct):
    """A search for callbacks, and which page of what it finds.

    An `order` as text is fields with commas between, each perhaps with ``DESC`` after it.
    """

    filters: Annotated[list[CallbackFilter], Meta(max_length=20)] = []
    # No pattern: msgspec corrupts its memory over a union of a string with one and a list.
    order: (
        Annotated[str, Meta(max_length=80)]
        | Annotated[list[CallbackOrder], Meta(max_length=20)]
        | None
    ) = None
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    limit: Annotated[int, Meta(ge=0, le=1000)] | None = None


class FindCallbackRequest(Command, kw_only=True, tag="findCallbackRequest"):
    id: Name | int
    request: CallbackSearch


class TakeCallback(Command, kw_only=True, tag="takeCallback"):
    uuid: uuid.UUID


class ReleaseCallback(Command, kw_only=True, tag="releaseCallback"):
    uuid: uuid.UUID


class StartCallback(Command, kw_only=True, tag="startCallback"):
    request_uuid: uuid.UUID = field(name="uuid")
    number: Number


class UpdateCallbackTicket(Command, kw_only=True, tag="updateCallbackTicket"):
    ticket_uuid: uuid.UUID = field(name="uuid")
    status: Literal["NoAnswer", "Answered", "Fax", "Email", "Callback"]
    comment: Text | None = None
    due_date: datetime.date | None = None
    period_uuid: uuid.UUID | None = None


class ListenCallbackMessage(Command, kw_only=True, tag="listenCallbackMessage"):
    voice_message_ref: Name


def _commands(base: type[Command]) -> dict[str, type[Command]]:
    found: dict[str, type[Command]] = {}
    for cls in base.__subclasses__():
        if not cls.__name__.startswith("_"):
            found[str(cls.__struct_config__.tag)] = cls
        found |= _commands(cls)
    return found


COMMANDS: dict[str, type[Command]] = _commands(Command)
"""Every command by its name on the wire."""
