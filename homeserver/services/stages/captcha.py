"""Captchas when signing up, checked by the service that made them. Spec: Client-Server API, Google ReCaptcha."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson
import structlog

from homeserver.errors import MatrixError, Unavailable
from homeserver.net.errors import NetError
from homeserver.net.http import Http, Request
from homeserver.services.ui_auth import text_of
from homeserver.storage.sessions import UiAuthSession

log = structlog.get_logger()

ANSWER_BYTES: Final = 64 * 1024
TIMEOUT_S: Final = 10.0
MAX_RESPONSE: Final = 4_096
_PORTS: Final = {"https": 443, "http": 80}


class CaptchaInvalid(MatrixError):
    """The captcha was not solved."""

    default_status = 401
    default_errcode = "M_CAPTCHA_INVALID"
    default_message = "The captcha was not solved"


class Captcha:
    """Asks the service whether a captcha was solved."""

    def __init__(self, http: Http, siteverify_url: str, private_key: str) -> None:
        self._http = http
        self._url = urlsplit(siteverify_url)
        self._private_key = private_key

    async def check(self, auth: Mapping[str, Any], _session: UiAuthSession) -> None:
        """Raise CaptchaInvalid, MissingParam, Unavailable (the service)."""
        response = text_of(auth, "response")
        if not response or len(response) > MAX_RESPONSE:
            raise CaptchaInvalid
        if not await self._is_solved(response):
            raise CaptchaInvalid

    async def _is_solved(self, response: str) -> bool:
        url = self._url
        if url.hostname is None or url.scheme not in _PORTS:
            raise Unavailable("The captcha service of this server has no usable address.")
        request = Request(
            "POST",
            url.hostname,
            url.port or _PORTS[url.scheme],
            url.path or "/",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({"secret": self._private_key, "response": response}).encode(),
            scheme=url.scheme,
            authority=url.netloc,
            max_bytes=ANSWER_BYTES,
            timeout_s=TIMEOUT_S,
        )
        try:
            answer = await self._http.send(request)
            told = orjson.loads(answer.body)
        except (NetError, orjson.JSONDecodeError) as error:
            log.warning("captcha.no_answer", error=str(error))
            raise Unavailable("The captcha service does not answer.") from error
        if answer.status != 200 or not isinstance(told, dict):
            raise Unavailable("The captcha service does not answer.")
        return told.get("success") is True
