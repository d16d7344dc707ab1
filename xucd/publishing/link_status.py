"""`LinkStatus`: whether what clients see is Asterisk's current state."""

import datetime

from msgspec import UNSET

from xucd.cti.messages import LinkStatus


def link_status(lost_since: float | None, pbx: str | None = None) -> LinkStatus:
    """The message. `lost_since` is an epoch second, None while the state is current.

    `pbx` names the PBX that it is about, in a centre of several nodes.
    """
    named = UNSET if pbx is None else pbx
    if lost_since is None:
        return LinkStatus(asterisk="current", pbx=named)
    since = datetime.datetime.fromtimestamp(lost_since, datetime.UTC)
    return LinkStatus(asterisk="lost", since=since.strftime("%Y-%m-%dT%H:%M:%SZ"), pbx=named)
