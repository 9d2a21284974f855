"""Registrations of application services: their files, their tokens, and which names are theirs.

Spec: Application Service API, Registration.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from homeserver.protocol.identifiers import UserId, is_valid_localpart_for_new_user

MAX_USER_ID_BYTES = 255


class BadRegistration(Exception):
    """A registration cannot be used; the message is one line that names the file and says why."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names that an application service has an interest in; `exclusive`: nobody else may make them."""

    pattern: re.Pattern[str]
    exclusive: bool

    def holds(self, name: str) -> bool:
        """Whether the name is one of them."""
        return self.pattern.match(name) is not None


@dataclass(frozen=True, slots=True)
class Registration:
    """One application service. `url` None: nothing is ever sent to it.

    `receives_ephemeral`: it wants receipts, typing and presence; `is_encrypted`: what end-to-end encryption needs;
    `rate_limited`: its users are limited as everybody is (the sender never is).
    """

    id: str
    url: str | None
    as_digest: bytes
    hs_token: str
    sender: UserId
    users: tuple[Namespace, ...]
    aliases: tuple[Namespace, ...]
    rooms: tuple[Namespace, ...]
    protocols: tuple[str, ...] = ()
    rate_limited: bool = False
    receives_ephemeral: bool = False
    is_encrypted: bool = False

    def has_user(self, user_id: str) -> bool:
        """Whether a user of this server is its own: the sender, or one in its namespaces."""
        return user_id == self.sender or _any(self.users, user_id)

    def owns_user(self, user_id: str) -> bool:
        """Whether nobody but it may use the user."""
        return user_id == self.sender or _any((one for one in self.users if one.exclusive), user_id)

    def has_alias(self, alias: str) -> bool:
        """Whether the alias is in its namespaces."""
        return _any(self.aliases, alias)

    def has_room(self, room_id: str) -> bool:
        """Whether the room id is in its namespaces."""
        return _any(self.rooms, room_id)


def _any(namespaces: Iterable[Namespace], name: str) -> bool:
    return any(namespace.holds(name) for namespace in namespaces)


class Registrations:
    """All application services of this server."""

    def __init__(self, server: str, registrations: Iterable[Registration] = ()) -> None:
        self._server = server
        self._all = tuple(registrations)
        self._by_token = {one.as_digest: one for one in self._all}

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._all)

    def __bool__(self) -> bool:
        return bool(self._all)

    def of_token(self, token: str) -> Registration | None:
        """The application service whose `as_token` it is."""
        return self._by_token.get(sha256(token.encode("utf-8", "surrogatepass")).digest()) if self._all else None

    def named(self, appservice_id: str) -> Registration | None:
        """The application service of this id."""
        return next((one for one in self._all if one.id == appservice_id), None)

    def of_user(self, user_id: str) -> Sequence[Registration]:
        """Those that the user, if one of this server, belongs to."""
        return [one for one in self._all if one.has_user(user_id)] if self.is_local(user_id) else []

    def of_alias(self, alias: str) -> Sequence[Registration]:
        """Those that the alias, if one of this server, belongs to."""
        return [one for one in self._all if one.has_alias(alias)] if self.is_local(alias) else []

    def is_reserved_user(self, user_id: str) -> bool:
        """Whether an application service alone may make the user."""
        return any(one.owns_user(user_id) for one in self._all)

    def is_reserved_alias(self, alias: str, *, for_user: str) -> bool:
        """Whether the alias is kept for an application service that `for_user` is not of."""
        return any(
            any(space.exclusive and space.holds(alias) for space in one.aliases) and not one.has_user(for_user)
            for one in self._all
        )

    def is_local(self, name: str) -> bool:
        """Whether a user id or alias is of this server."""
        return name.partition(":")[2] == self._server


# -- files -----------------------------------------------------------------------------------------------------------


class _Space(msgspec.Struct):
    regex: str
    exclusive: bool = False


class _Spaces(msgspec.Struct):
    users: list[_Space] | None = None
    aliases: list[_Space] | None = None
    rooms: list[_Space] | None = None


class _File(msgspec.Struct):
    id: str
    url: str | None
    as_token: str
    hs_token: str
    sender_localpart: str
    namespaces: _Spaces
    rate_limited: bool | None = None
    protocols: list[str] | None = None
    receive_ephemeral: bool | None = None
    old_receive_ephemeral: bool | None = msgspec.field(name="de.sorunome.msc2409.push_ephemeral", default=None)
    older_receive_ephemeral: bool | None = msgspec.field(name="push_ephemeral", default=None)
    encrypted: bool | None = msgspec.field(name="org.matrix.msc3202", default=None)


def read(paths: Iterable[str], server: str) -> Registrations:
    """The registrations of these files. Raises BadRegistration."""
    found: list[Registration] = []
    for path in paths:
        registration = _parsed(path, _content(path), server)
        for other in found:
            for what, same in (
                ("id", other.id == registration.id),
                ("as_token", other.as_digest == registration.as_digest),
                ("sender_localpart", other.sender == registration.sender),
            ):
                if same:
                    raise BadRegistration(f"{path}: `{what}` is that of the application service {other.id!r}, too")
        found.append(registration)
    return Registrations(server, found)


def _content(path: str) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRegistration(f"{path}: there is no such file; correct app_service_config_files") from None
    except OSError as error:
        raise BadRegistration(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadRegistration(f"{path}: is not a text file in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadRegistration(f"{path}: line {line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise BadRegistration(f"{path}: not valid YAML") from None


def _parsed(path: str, content: object, server: str) -> Registration:
    try:
        file = msgspec.convert(content, _File)
    except msgspec.ValidationError as error:
        raise BadRegistration(f"{path}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    for name, value in (("id", file.id), ("as_token", file.as_token), ("hs_token", file.hs_token)):
        if not value or not value.isprintable():
            raise BadRegistration(f"{path}: `{name}` is empty or holds a control character")
    sender = UserId(f"@{file.sender_localpart}:{server}")
    if not is_valid_localpart_for_new_user(file.sender_localpart) or len(sender) > MAX_USER_ID_BYTES:
        raise BadRegistration(f"{path}: `sender_localpart` is no name of a user")
    spaces = file.namespaces
    return Registration(
        id=file.id,
        url=_url(path, file.url),
        as_digest=sha256(file.as_token.encode()).digest(),
        hs_token=file.hs_token,
        sender=sender,
        users=_namespaces(path, "users", spaces.users),
        aliases=_namespaces(path, "aliases", spaces.aliases),
        rooms=_namespaces(path, "rooms", spaces.rooms),
        protocols=tuple(dict.fromkeys(file.protocols or ())),
        rate_limited=file.rate_limited is True,
        receives_ephemeral=any((file.receive_ephemeral, file.old_receive_ephemeral, file.older_receive_ephemeral)),
        is_encrypted=file.encrypted is True,
    )


def _url(path: str, url: str | None) -> str | None:
    if not url:
        return None
    try:
        address = urlsplit(url)
        usable = address.scheme in {"http", "https"} and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise BadRegistration(f"{path}: `url` is not an http or https address")
    return url.rstrip("/")


def _namespaces(path: str, kind: str, spaces: Sequence[_Space] | None) -> tuple[Namespace, ...]:
    namespaces = []
    for number, space in enumerate(spaces or ()):
        try:
            namespaces.append(Namespace(re.compile(space.regex), space.exclusive))
        except re.error as error:
            raise BadRegistration(f"{path}: namespaces.{kind}[{number}].regex: {error}") from None
    return tuple(namespaces)
