"""Commands that read the configured lists, and commands about default queue memberships."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from xucd.cti.commands.base import Command, Id, ObjectType


class GetList(Command, kw_only=True, tag="getList"):
    """Get one list of what the user may see, and receive its changes from now on.

    The answer depends on `objectType`: `AgentList`, `AgentGroupList`, `QueueList`,
    `QueueMemberList`, or `UsersQueueDefaultMembership` for ``basequeuemember``. Changes come as
    `AgentConfig`, `QueueConfig`, `QueueMember` and `UserQueueDefaultMembership`.
    """

    object_type: ObjectType


class GetConfig(Command, kw_only=True, tag="getConfig"):
    """Get one list of what the user may see, or the user's own line, once.

    The answer depends on `objectType`, as with `getList`; for ``line`` it is a `LineConfig`.
    Refused with `LineUnknown` if the user has no line.
    """

    object_type: ObjectType | Literal["line"]


class DefaultQueue(msgspec.Struct, rename="camel"):
    """A queue of a default membership, with the agent's penalty there (at most 10000)."""

    queue_id: Id
    # The contact centre's file has to hold it, too.
    penalty: Annotated[int, Meta(ge=0, le=10_000)]


Membership = Annotated[list[DefaultQueue], Meta(max_length=1000)]
UserIds = Annotated[list[Id], Meta(max_length=5000)]


class GetUserDefaultMembership(Command, kw_only=True, tag="getUserDefaultMembership"):
    """Get one user's default queue memberships, as `UserQueueDefaultMembership`.

    Refused with `UserUnknown`, `UserIsNoAgent` or `NotAuthorized`.
    """

    user_id: Id


class SetUserDefaultMembership(Command, kw_only=True, tag="setUserDefaultMembership"):
    """Set one user's default queue memberships; the agent's present queues do not change.

    Followed by a `UserQueueDefaultMembership`. Refused with `UserUnknown`, `UserIsNoAgent`,
    `QueueUnknown`, `QueueNamedTwice` or `NotAuthorized`.
    """

    user_id: Id
    membership: Membership


class SetUsersDefaultMembership(Command, kw_only=True, tag="setUsersDefaultMembership"):
    """Set the same default queue memberships for several users: for all of them, or for none.

    Followed by a `UserQueueDefaultMembership` for each user, or by one
    `UsersQueueDefaultMembership` if there are more than 20. Refused with `UserUnknown`,
    `UserIsNoAgent`, `QueueUnknown`, `QueueNamedTwice` or `NotAuthorized`.
    """

    user_ids: UserIds
    membership: Membership


class ApplyUsersDefaultMembership(Command, kw_only=True, tag="applyUsersDefaultMembership"):
    """Make the present queues of several users' agents exactly their default memberships.

    Followed by a `QueueMember` for each change. Refused with `UserUnknown`, `UserIsNoAgent` or
    `NotAuthorized` before anything is changed. If some changes fail, the others are made all the
    same, and the command is refused with `PartlyApplied`.
    """

    user_ids: UserIds
