"""The one way in which this client says no."""

from typing import Any


class Refused(Exception):
    """xucd, or the way to it, turned something down.

    `code` is for programs, `text` for people; `detail` holds what else xucd said. Codes of this
    client's own: ``Disconnected`` (the link was lost before the answer, or there was none),
    ``Unreachable`` (nobody answers), ``Closed`` (the client was closed). `final` says that signing
    in again the same way is of no use.
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
