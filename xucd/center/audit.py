"""The audit trail's entries: who did what to whom, when, from where, and what came of it.

An entry says names as they were then, since people leave and queues are renamed. It holds no number
and no name of a caller or customer: what is done with their data is told by counts.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

import msgspec

OK: Final = "ok"
ASKED: Final = "asked"
"""The outcome of an entry that was written before the action, whose own entry follows."""


class Kind(StrEnum):
    """What can be in the trail."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    LISTEN = "listen"
    LISTEN_TO_MESSAGE = "listen_to_message"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    LOG_IN_AGENT = "log_in_agent"
    LOG_OUT_AGENT = "log_out_agent"
    PAUSE_AGENT = "pause_agent"
    UNPAUSE_AGENT = "unpause_agent"
    SET_QUEUES = "set_queues"
    SET_GROUP = "set_group"
    SET_DEFAULTS = "set_defaults"
    APPLY_DEFAULTS = "apply_defaults"
    DELETE_CALLBACK = "delete_callback"
    EXPORT_TICKETS = "export_tickets"
    FIND_PERSON = "find_person"
    EXPORT_PERSON = "export_person"
    ERASE_PERSON = "erase_person"
    CONFIGURE = "configure"
    ADOPT_MEMBER = "adopt_member"
    EXPORT_CENTER = "export_center"
    BACKUP = "backup"
    RESTORE = "restore"
    SET_PASSWORD = "set_password"
    SET_PROFILE = "set_profile"
    ADD_USER = "add_user"
    REMOVE_USER = "remove_user"
    EXPIRE = "expire"
    READ_AUDIT = "read_audit"


class Actor(msgspec.Struct, frozen=True):
    """Who acted: a user, the command line, or xucd itself.

    `login` is as of then, `user_id` None for who is no user. `address` and `session` are "" where
    they are not known.
    """

    login: str
    user_id: int | None = None
    address: str = ""
    session: str = ""


XUCD: Final = Actor("xucd")
COMMAND_LINE: Final = "command line"

TargetType = Literal["agent", "queue", "group", "user", "callback", "message", "person"]


class Target(msgspec.Struct, frozen=True):
    """What was acted upon: its id, and its name as of then."""

    type: TargetType
    id: int | str | None
    name: str = ""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `at` is in epoch seconds; `outcome` is ``ok``, ``asked`` or a refusal's code."""

    at: float
    actor: Actor
    kind: Kind
    targets: tuple[Target, ...] = ()
    detail: Mapping[str, object] = {}
    outcome: str = OK
