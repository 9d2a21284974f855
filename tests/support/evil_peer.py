"""A server with a key of its own that answers whatever the test says."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from homeserver.net.http import Answer, Request
from homeserver.net.testing import FakeNet
from homeserver.protocol import canonical_json
from homeserver.protocol.identifiers import ServerName
from homeserver.protocol.signing import SigningKey, sign_json
from homeserver.protocol.x_matrix import authorization

Reply = Callable[[Request], Awaitable[Any] | Any]
FAR_FUTURE = 2**52


class EvilPeer:
    """Script it by `replies`: path beginning -> JSON, an Answer, or a function of the request."""

    def __init__(self, name: str, net: FakeNet, *, key_id: str = "ed25519:e") -> None:
        self.name = ServerName(f"{name}:8448")
        self.key = SigningKey(self.name, key_id, name.encode().ljust(32, b"!"))
        self.replies: dict[str, Any] = {
            "/_matrix/key/v2/server": lambda _: self.key_document(),
            "/_matrix/federation/v1/send/": {"pdus": {}},  # else it is left alone, as one that is no homeserver
        }
        self.requests: list[Request] = []
        net.answers(name, 8448, self.answer)

    def key_document(self, **changes: Any) -> dict[str, Any]:
        """What it says of its key, signed."""
        document = {
            "server_name": self.name,
            "valid_until_ts": FAR_FUTURE,
            "verify_keys": {self.key.key_id: {"key": self.key.verify_key_base64}},
            "old_verify_keys": {},
        }
        return sign_json(document | changes, self.key)

    async def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        for beginning, reply in self.replies.items():
            if request.target.startswith(beginning):
                value = reply(request) if callable(reply) else reply
                if isinstance(value, Awaitable):
                    value = await value
                return value if isinstance(value, Answer) else Answer(200, {}, orjson.dumps(value))
        return Answer(404, {}, b'{"errcode":"M_UNRECOGNIZED","error":"no"}')

    def signed_request(
        self, destination: str, method: str, uri: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> Request:
        """A request as an honest server would send it; `headers` replace what it would say."""
        made = {
            "Authorization": authorization(
                self.key, method=method, uri=uri, destination=ServerName(destination), content=body
            )
        } | headers
        data = None if body is None else canonical_json.encode_lenient(body)
        return Request(method, destination.partition(":")[0], 8448, uri, headers=made, body=data)
