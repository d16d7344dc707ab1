"""The one way in which a command is turned down."""


class Refused(Exception):
    """A command cannot be carried out.

    `code` is the machine's word for it (``NotAuthorized``); `text` is for a person to read and
    never repeats what the client sent. `detail` holds further keys of an `AgentError`, as the wire
    spells them. `silent` marks the failures for which agent-api.txt has nothing sent: only a
    client that asked for an acknowledgement hears of them.
    """

    partly = False
    """Whether a part of the command was done all the same, or may have been: for some of many
    agents, or because the link broke behind what Asterisk was asked for."""

    def __init__(
        self, code: str, text: str = "", *, silent: bool = False, **detail: str | int
    ) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text or code
        self.detail = detail
        self.silent = silent
