"""The methods of the socket: each is a call of the HTTP endpoint with the same path, through the same gate."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from homeserver.errors import BadJson, InvalidParam, MissingParam, Unrecognized

ROOT = "/_matrix/client"
Params = Mapping[str, Any]


class HttpCall(NamedTuple):
    """The HTTP request that a method stands for. `ordered`: by room, in the order they came."""

    method: str
    path: str
    query: dict[str, str]
    body: object
    ordered: str | None = None


class _Reader:
    """The parameters of a method, checked."""

    def __init__(self, params: Params, user_id: str) -> None:
        self.params = params
        self.user_id = user_id

    def text(self, name: str) -> str:
        value = self.params.get(name)
        if value is None:
            raise MissingParam(f"`{name}` is missing.")
        if not isinstance(value, str):
            raise BadJson(f"`{name}` is a text.")
        return value

    def segment(self, name: str) -> str:
        """A parameter as a segment of a path, which may not be empty."""
        value = self.text(name)
        if not value:
            raise InvalidParam(f"`{name}` may not be empty.")
        return quote(value, safe="", errors="surrogatepass")

    def body(self, *names: str) -> dict[str, Any]:
        """The parameters of these names that are given."""
        return {name: self.params[name] for name in names if self.params.get(name) is not None}

    def query(self, *names: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in names:
            value = self.params.get(name)
            if isinstance(value, bool):
                found[name] = "true" if value else "false"
            elif isinstance(value, str | int):
                found[name] = str(value)
            elif value is not None:
                raise BadJson(f"`{name}` is a text or a number.")
        return found

    def room(self, rest: str) -> str:
        return f"{ROOT}/v3/rooms/{self.segment('room_id')}/{rest}"


def _send(p: _Reader) -> HttpCall:
    path = p.room(f"send/{p.segment('type')}/{p.segment('txn_id')}")
    return HttpCall("PUT", path, {}, p.params.get("content"), p.text("room_id"))


def _state(p: _Reader) -> HttpCall:
    key = quote(p.text("state_key"), safe="", errors="surrogatepass") if p.params.get("state_key") else ""
    path = p.room(f"state/{p.segment('type')}" + (f"/{key}" if key else ""))
    return HttpCall("PUT", path, {}, p.params.get("content"), p.text("room_id"))


def _redact(p: _Reader) -> HttpCall:
    path = p.room(f"redact/{p.segment('event_id')}/{p.segment('txn_id')}")
    return HttpCall("PUT", path, {}, p.body("reason"), p.text("room_id"))


def _typing(p: _Reader) -> HttpCall:
    path = p.room(f"typing/{quote(p.user_id, safe='')}")
    return HttpCall("PUT", path, {}, p.body("typing", "timeout"))


def _receipt(p: _Reader) -> HttpCall:
    path = p.room(f"receipt/{p.segment('kind')}/{p.segment('event_id')}")
    return HttpCall("POST", path, {}, p.body("thread_id"))


def _read_markers(p: _Reader) -> HttpCall:
    names = {"m.fully_read": "fully_read", "m.read": "read", "m.read.private": "read_private"}
    body = {key: p.params[name] for key, name in names.items() if p.params.get(name) is not None}
    return HttpCall("POST", p.room("read_markers"), {}, body)


def _presence(p: _Reader) -> HttpCall:
    path = f"{ROOT}/v3/presence/{quote(p.user_id, safe='')}/status"
    return HttpCall("PUT", path, {}, p.body("presence", "status_msg"))


def _messages(p: _Reader) -> HttpCall:
    return HttpCall("GET", p.room("messages"), p.query("dir", "from", "to", "limit", "filter"), None)


def _context(p: _Reader) -> HttpCall:
    return HttpCall("GET", p.room(f"context/{p.segment('event_id')}"), p.query("limit", "filter"), None)


def _event(p: _Reader) -> HttpCall:
    return HttpCall("GET", p.room(f"event/{p.segment('event_id')}"), {}, None)


def _relations(p: _Reader) -> HttpCall:
    parts = ["rooms", p.segment("room_id"), "relations", p.segment("event_id")]
    parts += [p.segment(name) for name in ("rel_type", "event_type") if p.params.get(name) is not None]
    path = f"{ROOT}/v1/{'/'.join(parts)}"
    return HttpCall("GET", path, p.query("dir", "from", "to", "limit", "recurse"), None)


def _members(p: _Reader) -> HttpCall:
    return HttpCall("GET", p.room("members"), p.query("at", "membership", "not_membership"), None)


def _account_data(p: _Reader) -> HttpCall:
    room = f"rooms/{p.segment('room_id')}/" if p.params.get("room_id") else ""
    path = f"{ROOT}/v3/user/{quote(p.user_id, safe='')}/{room}account_data/{p.segment('type')}"
    return HttpCall("PUT", path, {}, p.params.get("content"))


def _to_device(p: _Reader) -> HttpCall:
    path = f"{ROOT}/v3/sendToDevice/{p.segment('type')}/{p.segment('txn_id')}"
    return HttpCall("PUT", path, {}, p.body("messages"))


def _keys(path: str) -> Callable[[_Reader], HttpCall]:
    return lambda p: HttpCall("POST", f"{ROOT}/v3/keys/{path}", {}, dict(p.params))


def _call(p: _Reader) -> HttpCall:
    """Any JSON endpoint of the table that is open to the socket."""
    path, query = p.text("path"), p.params.get("query") or {}
    if not isinstance(query, dict):
        raise BadJson("`query` is an object.")
    if "?" in path or "#" in path:
        raise InvalidParam("`path` holds no query.")
    return HttpCall(
        p.text("method"), f"{ROOT}/{path.lstrip('/')}", _Reader(query, "").query(*query), p.params.get("body")
    )


METHODS: Mapping[str, Callable[[_Reader], HttpCall]] = {
    "send": _send,
    "state": _state,
    "redact": _redact,
    "typing": _typing,
    "receipt": _receipt,
    "read_markers": _read_markers,
    "presence": _presence,
    "messages": _messages,
    "context": _context,
    "event": _event,
    "relations": _relations,
    "members": _members,
    "account_data": _account_data,
    "to_device": _to_device,
    "keys_query": _keys("query"),
    "keys_claim": _keys("claim"),
    "keys_upload": _keys("upload"),
    "call": _call,
}


def http_call(name: str, params: Params, user_id: str) -> HttpCall:
    """The HTTP request that a method stands for. Raises what the endpoint would."""
    method = METHODS.get(name)
    if method is None:
        raise Unrecognized(f"There is no method `{name[:64]}`.")
    return method(_Reader(params, user_id))
