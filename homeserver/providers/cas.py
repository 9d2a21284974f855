"""Logging in through a CAS server. Spec: CAS Protocol 3.0, 2.1 and 2.5 (/login, /p3/serviceValidate)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode
from xml.parsers import expat

from homeserver.net.http import Http
from homeserver.providers.asking import ask
from homeserver.providers.hooks import Identity, SignOnFailed, Visit

CAS: Final = "http://www.yale.edu/tp/cas"
MAX_TICKET: Final = 1_024
MAX_NAME: Final = 255
_SEPARATOR: Final = " "
_DISPLAY_NAMES: Final = ("displayName", "cn", "name")


class CasProvider:
    """The CAS server of the configuration. A person is named by their user name there."""

    id = "cas"
    brand: str | None = None

    def __init__(self, server_url: str, name: str, http: Http) -> None:
        self.name = name
        self._url = server_url.rstrip("/")
        self._http = http

    async def way(self, visit: Visit) -> str:
        asked = {"service": _service(visit), **({"renew": "true"} if visit.proven_since_ms is not None else {})}
        return f"{self._url}/login?{urlencode(asked, quote_via=quote)}"

    async def vouch(self, visit: Visit, given: Mapping[str, str]) -> Identity:
        ticket = given.get("ticket")
        if not ticket or len(ticket) > MAX_TICKET:
            raise SignOnFailed("cas: no ticket came back")
        asked = {
            "service": _service(visit),
            "ticket": ticket,
            **({"renew": "true"} if visit.proven_since_ms is not None else {}),
        }
        answer = await ask(self._http, "GET", f"{self._url}/p3/serviceValidate?{urlencode(asked, quote_via=quote)}")
        if answer.status != 200:
            raise SignOnFailed(f"cas: the server answered {answer.status}")
        told = _Validation(answer.body)
        if told.user is None or not 0 < len(told.user) <= MAX_NAME:
            raise SignOnFailed(f"cas: the ticket is not good: {told.failure}")
        display_name = next((told.attributes[name] for name in _DISPLAY_NAMES if name in told.attributes), None)
        return Identity(told.user, told.user, display_name[:MAX_NAME] if display_name else None)


def _service(visit: Visit) -> str:
    """Where the browser comes back to; the same letters both times, or the server refuses the ticket."""
    return f"{visit.callback}?state={visit.flow_id}"


class _Validation:
    """The answer to a validation, read strictly: the server's namespace, no document types, one success.

    `user` None: the ticket is not good; `failure` says why.
    """

    def __init__(self, raw: bytes) -> None:
        self.user: str | None = None
        self.failure: str | None = None
        self.attributes: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        try:
            parser.Parse(raw, True)
        except expat.ExpatError as error:
            raise SignOnFailed(f"cas: the server answered no XML: {error}") from error

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SEPARATOR)
        self._path.append(local if namespace == CAS else name)
        self._text.clear()
        if self._path == ["serviceResponse", "authenticationFailure"]:
            self.failure = attributes.get("code", "")

    def _end(self, _name: str) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        match self._path:
            case ["serviceResponse", "authenticationSuccess", "user"]:
                if self.user is not None:
                    raise SignOnFailed("cas: the server names two users")
                self.user = text
            case ["serviceResponse", "authenticationSuccess", "attributes", name]:
                self.attributes.setdefault(name, text)
        self._path.pop()


def _refuse(*_: object) -> None:
    raise SignOnFailed("cas: the server answered a document type")
