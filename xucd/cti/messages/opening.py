"""Messages that open a link, that report on the link itself, and that answer a frame."""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from xucd.cti.messages.base import (
    ArrayMessage,
    Colour,
    Echo,
    Message,
    Name,
    Number,
    Part,
    StatusName,
    Time,
    Word,
)

RequestId = Echo | int | float


class Stream(Part, kw_only=True):
    """A position in a client's stream of messages; `epoch` identifies the stream."""

    epoch: Word
    position: int


class LoggedOn(Message, kw_only=True):
    """The first message of every link.

    With ``resume=1`` in the address it carries `stream`, the position from which messages follow;
    if the client named a position of its own, `recovered` says whether the stream continues there.
    """

    status: Literal["ok"] = "ok"
    stream: Stream | UnsetType = UNSET
    recovered: bool | UnsetType = UNSET


class RightProfile(Message, kw_only=True):
    """The user's profile and its named rights."""

    profile: Literal["Supervisor", "Admin", "NoRight"]
    rights: list[Word]


class StatusAction(Part, kw_only=True):
    """What choosing a status does: ``queuepause_all`` or ``queueunpause_all``."""

    name: StatusName
    parameters: Word


class UserStatus(Part, kw_only=True):
    """A status that a user can choose: its name, its text, and its color as ``#RRGGBB``."""

    name: StatusName
    long_name: Name
    color: Colour
    actions: list[StatusAction]


class UsersStatuses(ArrayMessage, kw_only=True):
    """All statuses that a user can choose or be shown in."""

    items: list[UserStatus]


class UserConfigUpdate(Message, kw_only=True):
    """The signed-in user's own configuration.

    Forwards, do-not-disturb and voice mail are always off: xucd has none of them.
    """

    user_id: int
    first_name: Name
    last_name: Name
    full_name: Name
    agent_id: int | None
    line_ids: list[int]
    mobile_number: Number | None = None
    voice_mail_id: int | None = None
    voice_mail_enabled: bool = False
    dnd_enabled: bool = False
    na_fwd_enabled: bool = False
    na_fwd_destination: Number = ""
    unc_fwd_enabled: bool = False
    unc_fwd_destination: Number = ""
    busy_fwd_enabled: bool = False
    busy_fwd_destination: Number = ""


class UserStatusUpdate(Message, kw_only=True):
    """The user's status, by its name in `UsersStatuses`."""

    status: StatusName


class LinkStatus(Message, kw_only=True):
    """Whether the state that clients see is current, or the connection to Asterisk is lost.

    `since`, an RFC 3339 time in UTC, says when it was lost. In a centre of several nodes `pbx`
    names the PBX that this is about; it may be lost to this node alone. Of several PBXs each is
    told of as a link opens, of one only if it is lost.
    """

    asterisk: Literal["lost", "current"]
    since: Time | UnsetType = UNSET
    pbx: Word | UnsetType = UNSET


class Error(Message, kw_only=True):
    """A frame that is not a valid command; `Error` is the code, `message` a sentence for people.

    Neither repeats what the client sent.
    """

    error: Word = field(name="Error")
    message: Name | UnsetType = UNSET


class CommandResult(Message, kw_only=True):
    """The outcome of a command that carried a `requestId`.

    `error`, a code, and `message`, a sentence for people, are there only if `ok` is false.
    `warning`, a code, says why a command that was carried out has no effect yet: the agent is
    logged in or made ready, but no queue can ring its phone (``PhoneUnreachable``), or none of its
    queues has it (``InNoQueue``).
    """

    request_id: RequestId
    ok: bool
    error: Word | UnsetType = UNSET
    message: Name | UnsetType = UNSET
    warning: Word | UnsetType = UNSET
