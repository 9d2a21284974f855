"""Canonical JSON: strict in and out. Spec: Appendices, Canonical JSON."""

from typing import Any


def encode(value: Any) -> bytes:
    """The canonical bytes. Raises BadJson on floats, integers beyond 2^53 - 1 and lone surrogates."""
    raise NotImplementedError


def encode_lenient(value: Any) -> bytes:
    """As `encode`, for room versions 3 to 5 that also take floats and any integer."""
    raise NotImplementedError


def decode(data: bytes | str) -> Any:
    """Parse JSON; integers of any size stay exact. Raises BadJson (not JSON, NaN, lone surrogates, nested too deep)."""
    raise NotImplementedError


def check_strict(value: Any) -> None:
    """Raises BadJson unless `value` is canonical JSON: no floats, integers within 2^53 - 1, string keys."""
    raise NotImplementedError
