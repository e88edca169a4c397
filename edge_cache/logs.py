"""Structured logs: one line for each event, JSON for machines or columns for people."""

import logging
import sys

import structlog

log = structlog.get_logger(__name__)

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class FromLibraries(logging.Handler):
    """Passes on what libraries log, as events of ours; `expected` are exceptions that we have told of ourselves."""

    def __init__(self, expected: tuple[type[BaseException], ...]) -> None:
        super().__init__(logging.WARNING)
        self._expected = expected

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one record."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, self._expected):
            words = {"logger": record.name, "words": record.getMessage(), "exc_info": record.exc_info}
            log.log(record.levelno, "library.spoke", **words)


def start_logs(level: str, as_json: bool, expected: tuple[type[BaseException], ...] = ()) -> None:
    """Send every log line from `level` on to standard error, also what libraries warn of, but for `expected`."""
    logging.getLogger().handlers = [FromLibraries(expected)]
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(level.lower(), logging.INFO)),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
