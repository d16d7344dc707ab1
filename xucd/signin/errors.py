"""Why somebody is not signed in."""


class SignInRefused(Exception):
    """A password or a token that does not sign in.

    `code` is for programs and `message` for people; neither repeats what was sent. `wait` is after
    how many seconds another attempt makes sense, None where that does not depend on time. `reason`
    is for the log, where `code` does not tell it.
    """

    def __init__(self, code: str, message: str, wait: int | None = None, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.wait = wait
        self.reason = reason


class DirectoryUnavailable(Exception):
    """A directory cannot say who somebody is. The text is for the log."""
