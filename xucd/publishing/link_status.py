"""`LinkStatus`: whether what clients see is Asterisk's current state."""

import datetime

from xucd.commands.asterisk import AsteriskRequests
from xucd.cti.messages import LinkStatus


def link_status(asterisk: AsteriskRequests) -> LinkStatus:
    """The message; while Asterisk is lost it says since when, as an ISO 8601 time in UTC."""
    if asterisk.lost_since is None:
        return LinkStatus(asterisk="current")
    since = datetime.datetime.fromtimestamp(asterisk.lost_since, datetime.UTC)
    return LinkStatus(asterisk="lost", since=since.strftime("%Y-%m-%dT%H:%M:%SZ"))
