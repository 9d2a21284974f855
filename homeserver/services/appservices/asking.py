"""Requests to application services: transactions, pings, users and aliases that they may make, third-party networks.

Spec: Application Service API, Homeserver -> Application Service API.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson
import structlog

from homeserver.clock import Clock
from homeserver.errors import InvalidParam, MatrixError, NotFound
from homeserver.net.errors import NetError, TimedOut
from homeserver.net.http import Answer, Http, Request
from homeserver.services.appservices.registrations import Registration, Registrations

log = structlog.get_logger("appservices")

ROOT: Final = "/_matrix/app/v1"
ASK_S: Final = 20.0
PING_S: Final = 15.0
SEND_S: Final = 60.0
MAX_ANSWER: Final = 1 << 20
SHOWN_BODY: Final = 4_096
PROTOCOLS_LIFE_S: Final = 300.0
OLD_ROUTES_S: Final = 3_600.0
UNKNOWN_ROUTE: Final = frozenset({404, 405, 501})
OK: Final = 200

Json = dict[str, Any]


class BadStatus(MatrixError):
    """A ping was answered by an error, which is told. Spec: Application Service API, Pinging."""

    default_status = 502
    default_errcode = "M_BAD_STATUS"

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"The application service answered {answer.status}.")
        self._answer = answer

    def body(self) -> dict[str, object]:
        text = self._answer.body[:SHOWN_BODY].decode("utf-8", "replace")
        return {**super().body(), "status": self._answer.status, "body": text}


class Asking:
    """Asks application services, one request each."""

    def __init__(self, registrations: Registrations, http: Http, clock: Clock) -> None:
        self._registrations = registrations
        self._http = http
        self._clock = clock
        self._protocols: dict[tuple[str, str], tuple[float, Json | None]] = {}
        self._old_routes: dict[str, float] = {}
        """Application services that know the routes of old drafts alone -> until when that is believed."""

    # -- the wire --------------------------------------------------------------------------------------------------

    async def request(
        self,
        appservice: Registration,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        old_path: str | None = None,
        timeout_s: float = ASK_S,
    ) -> Answer:
        """One request below `/_matrix/app/v1`; `old_path` is tried where that route is not known. Raises NetError."""
        knows_new = old_path is None or self._old_routes.get(appservice.id, 0.0) < self._clock.monotonic()
        if knows_new or old_path is None:
            answer = await self._http.send(_request(appservice, method, ROOT + path, body, timeout_s))
            if old_path is None or answer.status not in UNKNOWN_ROUTE or _is_answer(answer):
                return answer
        old = await self._http.send(_request(appservice, method, old_path, body, timeout_s))
        if old.status == OK and knows_new:
            self._old_routes[appservice.id] = self._clock.monotonic() + OLD_ROUTES_S
        return old

    async def send(self, appservice: Registration, txn_id: int, body: bytes) -> bool:
        """Bring a transaction; whether it arrived. Spec: Application Service API, PUT /transactions/{txnId}."""
        path = f"/transactions/{txn_id}"
        try:
            answer = await self.request(appservice, "PUT", path, body, old_path=path, timeout_s=SEND_S)
        except NetError as error:
            log.warning("appservice.unreachable", appservice=appservice.id, error=str(error))
            return False
        if answer.status != OK:
            log.warning("appservice.refused", appservice=appservice.id, status=answer.status)
        return answer.status == OK

    async def ping(self, appservice_id: str, caller: str | None, txn_id: str | None) -> int:
        """How many milliseconds a round trip to the application service takes, for itself.

        Raises Forbidden, and MatrixError with the spec's errcodes. Spec: Application Service API, POST /ping.
        """
        appservice = self._registrations.named(appservice_id)
        if appservice is None or appservice.id != caller:
            raise MatrixError("An application service pings itself alone.", status=403, errcode="M_FORBIDDEN")
        if appservice.url is None:
            raise MatrixError("The registration has no `url`.", status=400, errcode="M_URL_NOT_SET")
        body = orjson.dumps({} if txn_id is None else {"transaction_id": txn_id})
        began = self._clock.monotonic()
        try:
            answer = await self.request(appservice, "POST", "/ping", body, timeout_s=PING_S)
        except TimedOut as error:
            raise MatrixError(str(error), status=504, errcode="M_CONNECTION_TIMEOUT") from error
        except NetError as error:
            raise MatrixError(str(error), status=502, errcode="M_CONNECTION_FAILED") from error
        if answer.status != OK:
            raise BadStatus(answer)
        return round((self._clock.monotonic() - began) * 1000)

    # -- names -----------------------------------------------------------------------------------------------------

    async def makes_user(self, user_id: str) -> bool:
        """Whether an application service has made the user, asked just now.

        Spec: Application Service API, GET /users/{userId}.
        """
        return await self._makes(self._registrations.of_user(user_id), "users", user_id)

    async def makes_alias(self, alias: str) -> bool:
        """Whether an application service has made a room of this alias, asked just now.

        Spec: Application Service API, GET /rooms/{roomAlias}.
        """
        return await self._makes(self._registrations.of_alias(alias), "rooms", alias)

    def is_reserved_alias(self, alias: str, *, for_user: str) -> bool:
        """Whether the alias is kept for an application service that `for_user` is not of."""
        return self._registrations.is_reserved_alias(alias, for_user=for_user)

    async def _makes(self, asked: Sequence[Registration], kind: str, name: str) -> bool:
        path = f"/{kind}/{quote(name, safe='')}"
        for appservice in asked:
            if appservice.url is None or name == appservice.sender:
                continue
            try:
                answer = await self.request(appservice, "GET", path, old_path=path)
            except NetError as error:
                log.warning("appservice.unreachable", appservice=appservice.id, error=str(error))
                continue
            if answer.status == OK:
                return True
        return False

    # -- third-party networks --------------------------------------------------------------------------------------

    async def protocols(self) -> dict[str, Json]:
        """What every protocol is like. Spec: Client-Server API, Third-party Networks."""
        names = dict.fromkeys(name for one in self._registrations for name in one.protocols)
        found = {name: await self._protocol(name) for name in names}
        return {name: protocol for name, protocol in found.items() if protocol is not None}

    async def protocol(self, name: str) -> Json:
        """What one protocol is like. Raises NotFound."""
        found = await self._protocol(name)
        if found is None:
            raise NotFound("No application service knows that protocol.")
        return found

    async def _protocol(self, name: str) -> Json | None:
        """The answers of all that know it as one: their instances together."""
        merged: Json | None = None
        for appservice in self._of_protocol(name):
            one = await self._protocol_of(appservice, name)
            if one is None:
                continue
            instances = [
                {**instance, "instance_id": instance_id(appservice.id, str(instance.get("network_id", "")))}
                for instance in one.get("instances") or ()
                if isinstance(instance, dict)
            ]
            if merged is None:
                merged = {**one, "instances": instances}
            else:
                merged["instances"] += instances
        return merged

    async def _protocol_of(self, appservice: Registration, name: str) -> Json | None:
        """What one says of it, asked again after some minutes.

        Spec: Application Service API, GET /thirdparty/protocol/{protocol}.
        """
        known = self._protocols.get((appservice.id, name))
        if known is not None and known[0] > self._clock.monotonic():
            return known[1]
        found = await self._third_party(appservice, f"/protocol/{quote(name, safe='')}", {})
        protocol = found if isinstance(found, dict) else None
        self._protocols[appservice.id, name] = (self._clock.monotonic() + PROTOCOLS_LIFE_S, protocol)
        return protocol

    async def third_party(self, kind: str, protocol: str | None, fields: Sequence[tuple[str, str]]) -> list[Json]:
        """Users or locations (`kind`) of one protocol, or by what they are in Matrix. Raises NotFound.

        Spec: Application Service API, GET /thirdparty/user, GET /thirdparty/user/{protocol},
        GET /thirdparty/location, GET /thirdparty/location/{protocol}.
        """
        asked = list(self._registrations) if protocol is None else self._of_protocol(protocol)
        if protocol is not None and not asked:
            raise NotFound("No application service knows that protocol.")
        path = f"/{kind}" if protocol is None else f"/{kind}/{quote(protocol, safe='')}"
        given = {name: value for name, value in fields if name != "access_token"}
        entries: list[Json] = []
        for appservice in asked:
            found = await self._third_party(appservice, path, given)
            if isinstance(found, list):
                entries += [entry for entry in found if isinstance(entry, dict)]
        if not entries:
            raise NotFound("Nothing of that kind was found.")
        return entries

    def _of_protocol(self, name: str) -> list[Registration]:
        return [one for one in self._registrations if name in one.protocols]

    async def _third_party(self, appservice: Registration, path: str, fields: Mapping[str, str]) -> object:
        if appservice.url is None:
            return None
        query = f"?{urlencode(fields)}" if fields else ""
        old_path = f"/_matrix/app/unstable/thirdparty{path}{query}"
        try:
            answer = await self.request(appservice, "GET", f"/thirdparty{path}{query}", old_path=old_path)
            return orjson.loads(answer.body) if answer.status == OK else None
        except (NetError, orjson.JSONDecodeError) as error:
            log.warning("appservice.no_answer", appservice=appservice.id, error=str(error))
            return None


def instance_id(appservice_id: str, network_id: str) -> str:
    """What clients call one instance of a protocol."""
    return f"{appservice_id}|{network_id}"


def appservice_and_network(third_party_instance_id: str) -> tuple[str, str]:
    """The parts of an `instance_id`. Raises InvalidParam."""
    appservice_id, bar, network_id = third_party_instance_id.partition("|")
    if not bar:
        raise InvalidParam("There is no such instance of a third-party network.")
    return appservice_id, network_id


def _request(appservice: Registration, method: str, target: str, body: bytes | None, timeout_s: float) -> Request:
    assert appservice.url is not None, "asked of an application service without an address"
    address = urlsplit(appservice.url)
    host = address.hostname or ""
    port = address.port or (443 if address.scheme == "https" else 80)
    headers = {"Authorization": f"Bearer {appservice.hs_token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return Request(
        method,
        host,
        port,
        address.path.rstrip("/") + target,
        headers=headers,
        body=body,
        scheme=address.scheme,
        authority=address.netloc.rpartition("@")[2],
        max_bytes=MAX_ANSWER,
        timeout_s=timeout_s,
    )


def _is_answer(answer: Answer) -> bool:
    """Whether an error is that of an application service which knows the route (an unknown user, for instance)."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    errcode = body.get("errcode") if isinstance(body, dict) else None
    return isinstance(errcode, str) and errcode != "M_UNRECOGNIZED"
