"""Structured logs without personal data.

Invariant: a log line holds event names, ids, counts and durations. Values that look like a telephone number or
an e-mail address are replaced before they are written, whoever wrote them: the last wall, not the first. A value is
never long (an error may carry a whole answer of somebody's): looking through it must not hold up its process.
"""

import logging.config
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import structlog

_LOOKS_PERSONAL = re.compile(  # every repetition has an end: without, a long word takes the square of its length
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}|\+\d[\d\s().-]{6,30}\d|(?<![\w-])\d{9,15}(?![\w-])"
)
HEAD, TAIL = 4_000, 12_000  # characters kept of a long value; of a traceback the end says most
_CUT_AT_THE_END = re.compile(r"[\w.+@\s()-]{1,64}\Z")
_CUT_AT_THE_START = re.compile(r"\A[\w.+@\s()-]{1,64}")
_NOT_SEARCHED = {"timestamp", "level", "logger", "request_id"}


def redact(text: str) -> str:
    """`text` with everything that looks like a number or an address replaced by `[masked]`."""
    return _LOOKS_PERSONAL.sub("[masked]", text)


def shortened(text: str) -> str:
    """`text` without its middle where it is long; no half of a number or an address is left at the cuts."""
    if len(text) <= HEAD + TAIL:
        return text
    head = _CUT_AT_THE_END.sub("", text[:HEAD])
    tail = _CUT_AT_THE_START.sub("", text[-TAIL:])
    return f"{head} [{len(text) - len(head) - len(tail)} characters left out] {tail}"


def mask_personal(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """structlog processor: the last wall before a line is written."""
    for key, value in event.items():
        if key not in _NOT_SEARCHED and isinstance(value, str):
            event[key] = redact(shortened(value))
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    mask_personal,
]


def logging_configuration(folder: Path | None) -> dict[str, Any]:
    """The logging dictionary: JSON lines to standard error, and to files by UTC day where a folder is given."""
    handlers: dict[str, Any] = {"console": {"class": "logging.StreamHandler", "formatter": "json"}}
    if folder is not None:
        handlers["files"] = {"class": "config.logs.DayFiles", "formatter": "json", "folder": str(folder)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(sort_keys=True),
                ],
                "foreign_pre_chain": [*_SHARED],
            }
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": "INFO"},
        "loggers": {
            "botocore": {"level": "WARNING"},
            "django.server": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},  # a line for every tick says nothing
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def configure(configuration: dict[str, Any]) -> None:
    """Called by Django with LOGGING."""
    logging.config.dictConfig(configuration)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class DayFiles(logging.Handler):
    """One file per UTC day, opened for append: several processes may share it; the purge removes whole days."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = Path(folder)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            day = structlog.processors.TimeStamper(fmt="%Y-%m-%d", utc=True)(None, "", {})["timestamp"]
            with (self.folder / f"sottovoce-{day}.log").open("a", encoding="utf-8") as file:
                file.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001  (logging must never take the caller down)
            self.handleError(record)
