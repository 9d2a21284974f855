"""Request bodies: JSON text to a msgspec Struct or a JSON object; each failure has the errcode of the spec."""

import re
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
import orjson

from homeserver.errors import BadJson, MatrixError, MissingParam, NotJson

_MISSING = "Object missing required field"
TOO_DEEP = "The body is nested too deeply"
MAX_DEPTH = 128
"""Of arrays and objects in each other: what is taken must be writable too, and orjson writes 254 levels."""
_GREAT: Final = re.compile(rb"[0-9]{19}")
"""What may be a whole number of more than 64 bits. msgspec reads those, orjson cannot write them."""


class Decoder(Protocol):
    """Decodes the body of one endpoint."""

    def decode(self, raw: bytes) -> object:
        """From JSON text."""
        ...

    def convert(self, value: object) -> object:
        """From decoded JSON (None: no body)."""
        ...


class _ObjectDecoder:
    """Any JSON object, as a dict."""

    def decode(self, raw: bytes) -> dict[str, Any]:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise _unreadable(error) from None
        if _may_be_deep(raw):
            _check_depth(value)
        return self._object(value)

    def convert(self, value: object) -> dict[str, Any]:
        _check_depth(value)
        return self._object(value)

    @staticmethod
    def _object(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise BadJson("The body must be a JSON object")
        return value


class _StructDecoder:
    """A msgspec Struct. An absent body stands for `{}` if no field is required."""

    def __init__(self, body: type[msgspec.Struct]) -> None:
        self._type = body
        self._decoder = msgspec.json.Decoder(body)
        self._may_be_absent = not any(f.required for f in msgspec.structs.fields(body))

    def decode(self, raw: bytes) -> object:
        if not raw and self._may_be_absent:
            return self._type()
        try:
            if not raw.isascii():
                raw.decode("utf-8")  # msgspec does not look into fields that it skips
            if _may_be_deep(raw):
                _check_depth(orjson.loads(raw))
            if _GREAT.search(raw):
                return self.convert(orjson.loads(raw))  # as numbers with a fraction, as everywhere else
            return self._checked(lambda: self._decoder.decode(raw))
        except orjson.JSONDecodeError as error:
            raise _unreadable(error) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotJson from None

    def convert(self, value: object) -> object:
        if value is None and self._may_be_absent:
            return self._type()
        _check_depth(value)
        return self._checked(lambda: msgspec.convert(value, self._type))

    def _checked(self, make: Callable[[], object]) -> object:
        try:
            return make()
        except msgspec.ValidationError as error:
            raise _shape_error(str(error)) from None
        except RecursionError:
            raise BadJson(TOO_DEEP) from None


def _unreadable(error: orjson.JSONDecodeError) -> MatrixError:
    """The parser stops at 1,024 levels, before it knows whether the rest is JSON."""
    return BadJson(TOO_DEEP) if "depth" in error.msg else NotJson()


def _may_be_deep(raw: bytes) -> bool:
    return raw.count(b"{") + raw.count(b"[") > MAX_DEPTH


def _check_depth(value: object) -> None:
    """Raise BadJson for decoded JSON that is nested too deeply."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise BadJson(TOO_DEEP)


def _shape_error(text: str) -> MatrixError:
    return MissingParam(text) if text.startswith(_MISSING) else BadJson(text)


def decoder_of(body: type) -> Decoder:
    """The decoder for what an endpoint declares as its `body`: a Struct, or `dict` for any JSON object."""
    if issubclass(body, msgspec.Struct):
        return _StructDecoder(body)
    if body is dict:
        return _ObjectDecoder()
    raise ValueError(f"{body.__name__} cannot be a body: use a msgspec Struct or dict")
