"""Sending a notification to a push gateway. Spec: Push Gateway API, POST /_matrix/push/v1/notify."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from homeserver.net.errors import NetError
from homeserver.net.http import Http, Request

TIMEOUT_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 64 * 1024
HTTPS_PORT: Final = 443


class PushFailed(Exception):
    """The gateway did not take it: to be tried again."""


class HttpPush:
    """Push gateways, reached by the safe connector."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def notify(self, url: str, notification: Mapping[str, Any]) -> Collection[str]:
        """Send a notification; the push keys that are rejected for good. Raises PushFailed."""
        parts = urlsplit(url)
        assert parts.hostname is not None, "checked when the pusher was set"
        port = parts.port or HTTPS_PORT
        request = Request(
            "POST",
            parts.hostname,
            port,
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            headers={"Content-Type": "application/json"},
            body=orjson.dumps({"notification": notification}),
            authority=parts.hostname if port == HTTPS_PORT else f"{parts.hostname}:{port}",
            max_bytes=MAX_ANSWER_BYTES,
            timeout_s=TIMEOUT_S,
        )
        try:
            answer = await self._http.send(request)
        except NetError as error:
            raise PushFailed(type(error).__name__) from error
        if answer.status != 200:
            raise PushFailed(f"status {answer.status}")
        return _rejected(answer.body)


def _rejected(body: bytes) -> Collection[str]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ()
    rejected = answer.get("rejected") if isinstance(answer, dict) else None
    return [key for key in rejected if isinstance(key, str)] if isinstance(rejected, list) else ()
