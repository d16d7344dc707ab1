"""What a link opens with, what tells of the link itself, and what answers a frame."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from xucd.cti.messages.base import ArrayMessage, Message, Part

RequestId = str | int | float


class Stream(Part, kw_only=True):
    """Where a client's stream of messages stands. `epoch` names the stream."""

    epoch: str
    position: int


class LoggedOn(Message, kw_only=True):
    """The first message of every link. The last two only for a client that asked to resume."""

    status: Literal["ok"] = "ok"
    stream: Stream | UnsetType = UNSET
    recovered: bool | UnsetType = UNSET


class RightProfile(Message, kw_only=True):
    """What the user may do."""

    profile: Literal["Supervisor", "Admin", "NoRight"]
    rights: list[str]


class StatusAction(Part, kw_only=True):
    """What a status does when it is chosen: ``queuepause_all``, ``queueunpause_all``."""

    name: str
    parameters: str


class UserStatus(Part, kw_only=True):
    """A status a user can choose. `name` matches ``[\\w-]+``, `color` is ``#RRGGBB``."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[\w-]+\Z")]
    long_name: str
    color: Annotated[str, msgspec.Meta(pattern=r"\A#[0-9A-Fa-f]{6}\Z")]
    actions: list[StatusAction]


class UsersStatuses(ArrayMessage, kw_only=True):
    """Every status that the server can ever send."""

    items: list[UserStatus]


class UserConfigUpdate(Message, kw_only=True):
    """The user's own configuration."""

    user_id: int
    first_name: str
    last_name: str
    full_name: str
    agent_id: int | None
    line_ids: list[int]
    mobile_number: str | None = None
    voice_mail_id: int | None = None
    voice_mail_enabled: bool = False
    dnd_enabled: bool = False
    na_fwd_enabled: bool = False
    na_fwd_destination: str = ""
    unc_fwd_enabled: bool = False
    unc_fwd_destination: str = ""
    busy_fwd_enabled: bool = False
    busy_fwd_destination: str = ""


class UserStatusUpdate(Message, kw_only=True):
    """The status the user has chosen, by its name."""

    status: str


class LinkStatus(Message, kw_only=True):
    """Whether what clients see is current. `since` is an RFC 3339 time in UTC."""

    asterisk: Literal["lost", "current"]
    since: str | UnsetType = UNSET


class Error(Message, kw_only=True):
    """A frame that could not be understood. `message` never repeats what the client sent."""

    error: str = field(name="Error")
    message: str | UnsetType = UNSET


class CommandResult(Message, kw_only=True):
    """What became of a command that carried a request id. The last two only when not ok."""

    request_id: RequestId
    ok: bool
    error: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
