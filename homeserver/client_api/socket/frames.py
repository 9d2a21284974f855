"""The frames of the socket: what clients send, decoded within bounds, and what they get, as text.

Every frame is a JSON object with `t`; unknown kinds and fields are ignored. Not for: what the frames do (`session`).
"""

from typing import Annotated, Any, Final

import msgspec
import orjson

from homeserver.services.sync.sliding.engine import Part
from homeserver.services.sync.sliding.wanted import Subscription

SUBPROTOCOL: Final = "app.hearth.stream.v1.json"
VERSION: Final = 1
MAX_FRAME: Final = 262_144
MAX_INFLIGHT: Final = 16
HEARTBEAT_S: Final = 25.0
MAX_LISTS: Final = 20

NORMAL: Final = 1000
SERVER_ERROR: Final = 1011
RESTART: Final = 1012
PROTOCOL_ERROR: Final = 4000
BAD_TOKEN: Final = 4001
NO_HELLO: Final = 4002
OTHER_TOKEN: Final = 4003
TOO_SLOW: Final = 4008
REPLACED: Final = 4009
TOO_MANY: Final = 4010
TOO_FAST: Final = 4029


class Ended(Exception):
    """The socket ends: `code` of the close, what the `bye` before it says."""

    def __init__(self, code: int, reason: str = "", **more: object) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.more = more


class Resume(msgspec.Struct, frozen=True):
    """Where the client stopped: `to_device` is how far its inbox is stored."""

    pos: str
    to_device: str | None = None


class Hello(msgspec.Struct, frozen=True):
    """The first frame. Without `access_token` the upgrade had an Authorization header."""

    conn_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    v: Annotated[list[int], msgspec.Meta(max_length=20)]
    access_token: str | None = None
    resume: Resume | None = None
    sub: Subscription | None = None


class Sub(msgspec.Struct, frozen=True):
    """A new subscription, in place of the one before; `tag` comes back with the first delta made for it."""

    sub: Subscription
    tag: Annotated[str, msgspec.Meta(max_length=255)] | None = None


class Ack(msgspec.Struct, frozen=True):
    """All up to `pos` is stored; of the inbox all up to `to_device`."""

    pos: str
    to_device: str | None = None


class Req(msgspec.Struct, frozen=True):
    """A call of the method `m`."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    m: str
    p: dict[str, Any] = {}


class Renewal(msgspec.Struct, frozen=True):
    """Another access token of the same device."""

    access_token: str


def parse(text: str | bytes) -> tuple[str, dict[str, Any]]:
    """The kind of a frame and the whole of it. Raises Ended."""
    if isinstance(text, bytes):
        raise Ended(PROTOCOL_ERROR, "frames are text")
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Ended(PROTOCOL_ERROR, "a frame is a JSON object") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("t"), str):
        raise Ended(PROTOCOL_ERROR, "a frame is a JSON object with `t`")
    return frame["t"], frame


def decoded(frame: dict[str, Any], kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - an instance of `kind`
    """The frame as a Struct. Raises Ended; the message never quotes the frame, which may hold a token."""
    try:
        return msgspec.convert(frame, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Ended(PROTOCOL_ERROR, f"`{frame['t']}`: {error}") from None


def checked(sub: Subscription) -> Subscription:
    """The subscription if it is within what a socket allows. Raises Ended."""
    if len(sub.lists) > MAX_LISTS:
        raise Ended(PROTOCOL_ERROR, f"a subscription has at most {MAX_LISTS} lists")
    return sub


def text_of(frame: dict[str, object]) -> str:
    """A frame as text."""
    return orjson.dumps(frame).decode()


def delta_text(part: Part, tag: str | None) -> str:
    """A delta, its body spliced in as it is."""
    head = {"t": "delta", "prev": part.prev or None, "pos": part.pos, "more": part.more}
    if tag is not None:
        head["tag"] = tag
    return (orjson.dumps(head)[:-1] + b',"body":' + part.body + b"}").decode()
