"""The pushers of a user: set, listed, deleted. Spec: Client-Server API, Push Notifications, pushers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import orjson

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, LimitExceeded, MissingParam
from homeserver.providers.web_push import BadSubscription, Subscription
from homeserver.services.requester import Requester
from homeserver.storage.database import NidBlocks
from homeserver.storage.pushers import Pusher, PusherTable

MAX_PUSHERS: Final = 50
MAX_PUSHKEY_BYTES: Final = 512
MAX_APP_ID: Final = 64
MAX_TEXT: Final = 255
MAX_URL: Final = 2_048
MAX_DATA_BYTES: Final = 16_384
GATEWAY_PATH: Final = "/_matrix/push/v1/notify"
MAIL_APP_ID: Final = "m.email"
WEB_PUSH: Final = "app.hearth.webpush"
"""Kind of a pusher that is a browser, reached by Web Push: docs/extensions.md."""
MailOwner = Callable[[str, str], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class NewPusher:
    """A pusher as a client describes it; None: not said. `alone`: others' with this push key go."""

    app_id: str
    pushkey: str
    kind: str
    app_display_name: str | None
    device_display_name: str | None
    profile_tag: str | None
    lang: str | None
    data: Mapping[str, Any] | None
    is_enabled: bool
    alone: bool


class Pushers:
    """Sets and lists pushers."""

    def __init__(self, table: PusherTable, nids: NidBlocks, clock: Clock, mail_owner: MailOwner | None) -> None:
        """`mail_owner`: whose a mail address is; None where no mail is sent."""
        self._table = table
        self._mail_owner = mail_owner
        self._nids = nids
        self._clock = clock
        self._on_change: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when anybody's pushers changed on this process."""
        self._on_change.append(listener)

    async def of(self, user_id: str) -> list[Pusher]:
        """The user's pushers [1 trip]."""
        return await self._table.of_users([user_id])

    async def set(self, requester: Requester, new: NewPusher) -> None:
        """Add or change a pusher. Raises InvalidParam, MissingParam, LimitExceeded."""
        _check_key(new.app_id, new.pushkey)
        if new.kind not in {"http", "email", WEB_PUSH}:
            raise InvalidParam("The kind of a pusher is `http` or `email`.")
        missing = [
            name for name in ("app_display_name", "device_display_name", "lang", "data") if _of(new, name) is None
        ]
        if missing:
            raise MissingParam(f"Missing parameters: {', '.join(missing)}")
        assert new.app_display_name is not None
        assert new.device_display_name is not None
        assert new.lang is not None
        assert new.data is not None
        for text in (new.app_display_name, new.device_display_name, new.lang, new.profile_tag or ""):
            if len(text) > MAX_TEXT or "\0" in text:
                raise InvalidParam(f"The texts of a pusher have at most {MAX_TEXT} characters.")
        if new.kind == "email":
            await self._check_mail(requester.user_id, new)
        elif new.kind == WEB_PUSH:
            _check_browser(new.pushkey, new.data)
        else:
            parts = _checked_url(new.data.get("url"))
            if parts.path != GATEWAY_PATH:
                raise InvalidParam(f"The path of `data.url` is {GATEWAY_PATH}")
        data = orjson.dumps(new.data)
        if len(data) > MAX_DATA_BYTES:
            raise InvalidParam(f"The data of a pusher has at most {MAX_DATA_BYTES} bytes.")
        known = await self.of(requester.user_id)
        if len(known) >= MAX_PUSHERS and not any(
            (one.app_id, one.pushkey) == (new.app_id, new.pushkey) for one in known
        ):
            raise LimitExceeded(f"A user has at most {MAX_PUSHERS} pushers.", retry_after_ms=3_600_000)
        pusher = Pusher(
            pusher_nid=await self._nids.take(),
            user_id=requester.user_id,
            app_id=new.app_id,
            pushkey=new.pushkey,
            kind=new.kind,
            app_display_name=new.app_display_name,
            device_display_name=new.device_display_name,
            profile_tag=new.profile_tag,
            lang=new.lang,
            data=data,
            is_enabled=new.is_enabled,
            device_id=requester.device_id,
            session_nid=requester.session_nid,
            set_ts=self._clock.now_ms(),
        )
        await self._table.set(pusher, alone=new.alone)
        self._changed()

    async def _check_mail(self, user_id: str, new: NewPusher) -> None:
        """Mail goes to nobody who has not proven that the address is theirs."""
        if self._mail_owner is None:
            raise InvalidParam("This server sends no mail.")
        if new.app_id != MAIL_APP_ID:
            raise InvalidParam(f"The `app_id` of a pusher by mail is {MAIL_APP_ID}")
        if await self._mail_owner("email", new.pushkey) != user_id:
            raise InvalidParam("That address is not one of your account.")

    async def delete(self, user_id: str, app_id: str, pushkey: str) -> None:
        """Delete a pusher; one that is not there is no error. Raises InvalidParam."""
        _check_key(app_id, pushkey)
        await self._table.delete(user_id, app_id, pushkey)
        self._changed()

    def _changed(self) -> None:
        for listener in self._on_change:
            listener()


def _of(new: NewPusher, name: str) -> object:
    value: object = getattr(new, name)
    return value


def _check_key(app_id: str, pushkey: str) -> None:
    if len(app_id) > MAX_APP_ID or "\0" in app_id:
        raise InvalidParam(f"`app_id` has at most {MAX_APP_ID} characters.")
    if len(pushkey.encode("utf-8", "surrogatepass")) > MAX_PUSHKEY_BYTES or "\0" in pushkey:
        raise InvalidParam(f"`pushkey` has at most {MAX_PUSHKEY_BYTES} bytes.")


def _check_browser(pushkey: str, data: Mapping[str, Any]) -> None:
    """Where a browser is reached is chosen by its maker: any path, sealed bytes alone are sent there."""
    _checked_url(data.get("url"))
    try:
        Subscription.read(data["url"], pushkey, data.get("auth"))
    except BadSubscription as bad:
        raise InvalidParam(str(bad)) from bad


def _checked_url(url: object) -> SplitResult:
    """Only https: together with the path that the spec fixes, a pusher reaches nothing else of an inside network."""
    if not isinstance(url, str):
        raise MissingParam("Missing parameters: data.url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidParam("`data.url` is no URL.") from error
    del port
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or len(url) > MAX_URL:
        raise InvalidParam("`data.url` is an https URL.")
    return parts
