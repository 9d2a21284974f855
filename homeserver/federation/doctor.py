"""Whether other servers find and reach us by our name: DNS, well-known, TLS, the key we serve, the clock.

Asks as a peer would, from here: what a firewall keeps from the rest of the world it cannot see. Not for: the checks
of this machine alone (`cli`). Spec: Server-Server API, Server discovery, Retrieving server keys.
"""

from collections.abc import AsyncIterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from homeserver.clock import Clock
from homeserver.federation.client.discovery import WELL_KNOWN_BYTES, Discovery, Target, split_name
from homeserver.net.errors import NetError, TlsFailed
from homeserver.net.http import Answer, Http, Request, fetch
from homeserver.net.resolver import Resolver
from homeserver.protocol import canonical_json
from homeserver.protocol.errors import BadJson
from homeserver.protocol.server_acl import is_ip_literal
from homeserver.protocol.signing import SigningKey

TIMEOUT_S: Final = 10.0
KEY_PATH: Final = "/_matrix/key/v2/server"
MAX_SKEW_S: Final = 30.0


class Finding(NamedTuple):
    """One check: `is_good` None where nothing can be said. `says` is a sentence for the admin."""

    name: str
    is_good: bool | None
    says: str


class Doctor:
    """Looks at the server from outside, as far as that can be done from within."""

    def __init__(
        self, key: SigningKey, http: Http, resolver: Resolver, clock: Clock, *, key_servers: Sequence[str]
    ) -> None:
        self._key = key
        self._http = http
        self._resolver = resolver
        self._clock = clock
        self._discovery = Discovery(http, resolver, clock)
        self._key_servers = key_servers

    async def findings(self) -> AsyncIterator[Finding]:
        """Every check in turn. Reachability is not tried where no address is known."""
        yield await self._well_known()
        targets = await self._discovery.targets(self._key.server)
        reachable = False
        for target in targets:
            found = await self._addresses(target)
            yield found
            if found.is_good:
                reachable = True
                yield await self._reached(target)
        if not reachable:
            yield Finding("reachability", False, f"{self._key.server} has no address, so nobody can reach it.")
        yield await self._time()

    async def _well_known(self) -> Finding:
        host, port = split_name(self._key.server)
        if port is not None or is_ip_literal(host):
            return Finding("well-known", None, f"{self._key.server} says where it is itself: no file is asked for.")
        url = f"https://{host}/.well-known/matrix/server"
        try:
            answer = await fetch(self._http, url, redirects=5, max_bytes=WELL_KNOWN_BYTES, timeout_s=TIMEOUT_S)
        except NetError as error:
            return Finding("well-known", None, f"{url} cannot be had ({error}): others try SRV records and port 8448.")
        if answer.status == 404:
            return Finding("well-known", None, f"{url} does not exist: others try SRV records and port 8448.")
        delegated = _delegated(answer)
        if delegated is None:
            return Finding("well-known", False, f'{url} must hold {{"m.server": "name:port"}} with status 200.')
        return Finding("well-known", True, f"{url} sends others to {delegated}.")

    async def _addresses(self, target: Target) -> Finding:
        if is_ip_literal(target.host) or ":" in target.host:
            return Finding("dns", True, f"{target.host} is an address.")
        try:
            addresses = await self._resolver.addresses(target.host)
        except NetError as error:
            return Finding("dns", False, f"{target.host} leads nowhere ({error}): add an A or AAAA record.")
        return Finding("dns", True, f"{target.host} leads to {', '.join(addresses)}, port {target.port}.")

    async def _reached(self, target: Target) -> Finding:
        place = f"{target.host}:{target.port}"
        try:
            answer = await self._http.send(_asking(target))
        except TlsFailed as error:
            return Finding("tls", False, f"{place} has no certificate that fits {target.tls_name} ({error}).")
        except NetError as error:
            return Finding("reachability", False, f"{place} does not answer ({error}): is the port open?")
        if self._is_ours(answer):
            return Finding("reachability", True, f"{place} is this server, with a good certificate.")
        return Finding("reachability", False, f"{place} answers, but not with the signing key of this server.")

    def _is_ours(self, answer: Answer) -> bool:
        document = _object(answer) if answer.status == 200 else {}
        keys = document.get("verify_keys")
        entry = keys.get(self._key.key_id) if isinstance(keys, dict) else None
        named = entry.get("key") if isinstance(entry, dict) else None
        return document.get("server_name") == self._key.server and named == self._key.verify_key_base64

    async def _time(self) -> Finding:
        for server in self._key_servers:
            try:
                (target, *_) = await self._discovery.targets(server)
                answer = await self._http.send(_asking(target))
                theirs = parsedate_to_datetime(answer.headers["date"]).timestamp()
            except (NetError, KeyError, ValueError, TypeError):
                continue
            skew_s = self._clock.now_ms() / 1000 - theirs
            if abs(skew_s) > MAX_SKEW_S:
                which = "ahead of" if skew_s > 0 else "behind"
                return Finding("clock", False, f"The clock is {abs(skew_s):.0f} s {which} {server}'s: set it by NTP.")
            return Finding("clock", True, f"The clock agrees with {server}'s.")
        return Finding("clock", None, "No other server could be asked for the time.")


def _asking(target: Target) -> Request:
    return Request(
        "GET",
        target.host,
        target.port,
        KEY_PATH,
        tls_name=target.tls_name,
        authority=target.authority,
        max_bytes=WELL_KNOWN_BYTES,
        timeout_s=TIMEOUT_S,
    )


def _object(answer: Answer) -> dict[str, object]:
    try:
        body = canonical_json.decode(answer.body)
    except BadJson:
        return {}
    return body if isinstance(body, dict) else {}


def _delegated(answer: Answer) -> str | None:
    delegated = _object(answer).get("m.server") if answer.status == 200 else None
    return delegated if isinstance(delegated, str) else None
