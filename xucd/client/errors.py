"""The client's exception."""

from typing import Any


class Refused(Exception):
    """xucd refused a request, or could not be reached.

    `code` is for programs, `text` for people; `detail` holds further keys of the `AgentError`. The
    client's own codes are ``Disconnected`` (the link was lost before the answer, or there was
    none), ``Unreachable`` (no answer) and ``Closed`` (the client was closed). `final` says that
    signing in again in the same way cannot succeed.
    """

    def __init__(
        self,
        code: str,
        text: str = "",
        detail: dict[str, Any] | None = None,
        *,
        final: bool = False,
    ) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text or code
        self.detail = detail or {}
        self.final = final
