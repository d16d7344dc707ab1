"""From an HTTP request to a link: the connection changes hands, and counts for its user."""

from typing import Any

from autobahn.twisted.resource import WebSocketResource
from twisted.web.server import NOT_DONE_YET

from xucd.center.directory import User
from xucd.web.channel import ClientChannel
from xucd.web.errors import HttpError, answer_error


class LinkResource(WebSocketResource):
    """Makes the connection of a request a link. `factory` builds it, as Autobahn has it."""

    def __init__(self, factory: Any, user: User) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self._user = user

    def render(self, request: Any) -> Any:
        """Answer the upgrade, or refuse it where the user has too many links."""
        channel: ClientChannel | None = request.channel
        if channel is None:  # its client has gone meanwhile
            return NOT_DONE_YET
        if not channel.connections.link(channel, self._user.id):
            text = "This user has too many open links."
            return answer_error(request, HttpError(429, "TooManyLinks", text))
        channel.hand_over()
        transport, connections = channel.transport, channel.connections
        done = super().render(request)  # type: ignore[no-untyped-call]
        # Autobahn has made its protocol the transport's.
        link = getattr(transport.protocol, "wrappedProtocol", transport.protocol)
        # So that channel and request, with all headers, do not stay as long as the link does.
        connections.hand_over(channel, link)
        link.is_closed.addCallback(lambda _: connections.close(link))
        return done


def vouch(request: Any, user: User) -> None:
    """A request had a valid token: its connection counts for the user."""
    channel: ClientChannel | None = request.channel
    if channel is not None:
        channel.connections.vouch(channel, user.id)
