"""The log lines on which a program such as fail2ban acts: who failed to sign in, and from where.

`systemd/fail2ban/filter.conf` reads them, and knows their events by heart. So the client's
address is their first key and stands alone, and nothing in them is as a stranger wrote it: a login
is logged if somebody has it, an origin if it looks like one.
"""

import re
from collections.abc import Callable

import structlog

from xucd.config import validation
from xucd.signin.failure_counts import FailureCounts
from xucd.signin.places import bucket

LINES_A_MINUTE = 60
"""How many lines of one kind an address gets: more tell nothing new, and could fill a disk."""
OTHER = "malformed"
_MAX_ORIGIN = 200

log = structlog.get_logger()


def sign_in_failed(address: str, user: str | None) -> None:
    """A login or password was wrong. `user` is the login, None if nobody has it.

    What is typed in the place of a login may be a password.
    """
    if user is None:
        log.info("wrong login or password", address=address)
    else:
        log.info("wrong login or password", address=address, user=user)


class RefusalLog:
    """What is refused before anything is tried, and so costs a client nothing to repeat.

    `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._logged = FailureCounts(LINES_A_MINUTE, clock)

    def sign_in_refused(self, address: str) -> None:
        """An address has failed to sign in too often, and tries again."""
        if self._is_worth_a_line("sign-in", address):
            log.warning("too many attempts to sign in", address=address)

    def not_signed_in(self, address: str, code: str, reason: str = "") -> None:
        """Somebody is not signed in, though no password was wrong; `reason` says more than `code`.

        Any page can send its visitors to a provider, so that a jail for guessers leaves it alone.
        """
        if not self._is_worth_a_line("not signed in", address):
            return
        if reason:
            log.warning("sign-in refused", address=address, code=code, reason=reason)
        else:
            log.warning("sign-in refused", address=address, code=code)

    def origin_refused(self, address: str, origin: str) -> None:
        """A page of an origin that is not allowed has asked for something."""
        if self._is_worth_a_line("origin", address):
            known = len(origin) <= _MAX_ORIGIN and re.match(validation.ORIGIN, origin)
            log.warning("origin refused", address=address, origin=origin if known else OTHER)

    def _is_worth_a_line(self, kind: str, address: str) -> bool:
        place = bucket(address)
        if self._logged.wait(kind, place) > 0:
            return False
        self._logged.add(kind, place)
        return True
