"""Sets up the log: one line per entry, values escaped, so that no value can look like a line of its own (S-20)."""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any

import orjson
import structlog

_PLAIN = re.compile(r"[^\s\"=\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]+")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, form: str, file: str | None) -> None:
    """Write entries of `level` and above as `console` or `json` lines to `file`, or to standard error.

    Raises OSError if the file cannot be opened.
    """
    out = sys.stderr if file is None else open(file, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - for ever
    render: Callable[[Any, str, MutableMapping[str, Any]], str] = _json if form == "json" else _console
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    _take_over_standard_logging()


def _console(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> str:  # noqa: ANN401 - structlog's processor
    trace = entry.pop("exception", None)
    head = f"{entry.pop('timestamp')} {entry.pop('level'):<7} {entry.pop('event')}"
    pairs = "".join(f" {key}={_value(value)}" for key, value in entry.items() if value is not None)
    return head + pairs + (f"\n{trace}" if trace else "")


def _value(value: object) -> str:
    return str(value) if type(value) in {int, float} else _escaped(str(value))


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    """`text` as one word, quoted if need be. Routes, methods, addresses and users come again and again."""
    return text if _PLAIN.fullmatch(text) else orjson.dumps(text.encode("utf-8", "replace").decode()).decode()


def _json(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> str:  # noqa: ANN401 - structlog's processor
    return orjson.dumps(entry, default=str).decode()


class _Forward(logging.Handler):
    """Entries of libraries that use standard logging."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _take_over_standard_logging() -> None:
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [_Forward()]
    root.setLevel(logging.WARNING)
