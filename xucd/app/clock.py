"""The clock of xucd: moments by the system's clock, durations by the steady one.

`now` is in epoch seconds and goes on evenly, whatever is done to the system's clock: a duration is
a difference of two of them. When the system's clock was set, `correct` says by how much, and from
then on `now` follows it: whoever keeps moments has to move them by as much, so that they are as
long ago as before and have the date that the clock now gives them. Summer time sets no clock: epoch
seconds know nothing of it.
"""

import time
from collections.abc import Callable
from uuid import uuid4

import structlog

from xucd.ami.pbx_clock import SLOW_S, PbxClock
from xucd.app.boot import boot_id
from xucd.store.pulse import SET_S, ClockReading

log = structlog.get_logger()


class Clock:
    """Both clocks, and Asterisk's as far as it is known. `wall` and `steady` are for tests."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        boot: str | None = None,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._boot = boot if boot is not None else boot_id() or uuid4().hex
        self._began = wall() - steady()
        self.pbx = PbxClock()

    def now(self) -> float:
        """The time in epoch seconds."""
        return self._began + self._steady()

    def reading(self) -> ClockReading:
        """The time now, as it is stored."""
        steady = self._steady()
        return ClockReading(self._began + steady, steady, self._boot, self.pbx.offset)

    def goes_on_from(self, before: ClockReading) -> None:
        """Know of Asterisk's clock what was known before a restart of xucd."""
        if before.boot == self._boot and before.pbx is not None:
            self.pbx.observe(before.steady + before.pbx, before.steady)

    def correct(self) -> float:
        """Follow the system's clock if it was set; returns by how many seconds, else 0."""
        off = self._wall() - self._steady() - self._began
        if abs(off) < SET_S:
            return 0.0
        self._began += off
        log.warning("the system's clock was set", seconds=round(off, 1))
        return off

    def heard_of_pbx(self, its_time: float | None, took: float = 0.0) -> None:
        """Asterisk has told its time; None from one that does not tell.

        Its answer took so many seconds. One that was long on its way says nothing.
        """
        if its_time is None or took > SLOW_S:
            return
        if self.pbx.observe(its_time, self._steady()):
            log.warning("Asterisk's clock was set", seconds=round(self.pbx.last_set, 1))

    def earliest_of_pbx(self, moment: float) -> float:
        """What Asterisk's clock showed at a moment, at the least: it may have been set since."""
        offset = self.pbx.least_offset
        return moment if offset is None else moment - self._began + offset

    def own(self, pbx_time: float) -> float:
        """The moment by this clock of what Asterisk dates so."""
        if self.pbx.offset is None:
            return pbx_time
        return self._began + self.pbx.steady_of(pbx_time, self._steady())
