"""Where the log goes: standard error, one entry a line, with its time or to the journal.

structlog and the libraries that use logging or Twisted's log are written alike.
"""

import logging
import sys
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from twisted.logger import STDLibLogObserver, globalLogBeginner

from xucd.app.journal_lines import leads_to_journal, with_priority


class _ProcessKey:
    """Adds to each entry the number of this process, if it is one of several."""

    number = 0

    def __call__(self, logger: WrappedLogger, name: str, entry: EventDict) -> EventDict:
        if self.number:
            entry.setdefault("process", self.number)
        return entry


_process_key = _ProcessKey()


def name_process(number: int) -> None:
    """Have all entries say from now on which of several processes they are of."""
    _process_key.number = number


def set_up() -> None:
    """Write the log to standard error from now on; to be called once."""
    journal = leads_to_journal(sys.stderr)
    # The journal has the time of each entry, to which ours would only be added.
    time: list[Processor] = [] if journal else [structlog.processors.TimeStamper(fmt="iso")]
    shared: list[Processor] = [structlog.stdlib.add_log_level, *time, _process_key]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Entry(journal=journal),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    _take_over_libraries()


def _take_over_libraries() -> None:
    """Have warnings, Twisted's log and a fault that ends xucd written as entries, too."""
    logging.captureWarnings(capture=True)
    # Of what it does, Twisted tells more than anybody reads: each port that is opened.
    logging.getLogger("twisted").setLevel(logging.WARNING)
    observers = [STDLibLogObserver()]
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False)  # type: ignore[arg-type]
    sys.excepthook = _log_fault


def _log_fault(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    structlog.get_logger().critical(
        "xucd ends by a fault of its own", exc_info=(kind, error, trace)
    )


class _Entry:
    """An entry as text: its level, event and keys, and each line's priority for the journal.

    All lines but the first are indented, so that none can pass for an entry of its own: what an
    exception or a library says may have been sent by a stranger.
    """

    def __init__(self, *, journal: bool) -> None:
        self._journal = journal
        self._render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # Its default shows the values of variables where `rich` is installed: numbers,
            # passwords, tokens.
            exception_formatter=structlog.dev.plain_traceback,
        )

    def __call__(self, logger: WrappedLogger, name: str, entry: EventDict) -> str:
        level = entry["level"]
        text = "\n    ".join(str(self._render(logger, name, entry)).splitlines())
        return with_priority(text, level) if self._journal else text
