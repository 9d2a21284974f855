"""Sections about other servers and services on the network."""

from typing import Any

import msgspec

from homeserver.config.kinds import Positive, Secret, Section


class Federation(Section, frozen=True):
    """Other homeservers."""

    enabled: bool | None = None
    "Absent: on, unless the server's name is `localhost`."
    ca_files: tuple[str, ...] = ()
    "PEM files of authorities trusted beside the system's."
    verify_certificates: bool = True
    allow_private_addresses: bool | tuple[str, ...] = False
    "True or a list of networks: servers may be reached at private addresses."
    trusted_key_servers: tuple[str, ...] = ("matrix.org",)
    "Asked for keys of servers that do not answer themselves."
    public_rooms: bool = False
    "Whether other servers may read our room directory."
    allow: tuple[str, ...] | None = None
    "Only these servers (`*` and `?` as wildcards); absent: all."
    deny: tuple[str, ...] = ()
    "Never these servers; wins over `allow`."


class OutboundHttp(Section, frozen=True):
    """Requests to application services, push gateways, identity servers and previewed pages."""

    verify_certificates: bool = True
    allow_private_addresses: bool | tuple[str, ...] = False
    "True or a list of networks."
    proxy: str | None = None
    "`http://host:port`; names are looked up and checked here all the same. Application services are asked directly."


class Turn(Section, frozen=True):
    """Relays for calls."""

    uris: tuple[str, ...] = ()
    "Such as `turn:turn.example.org?transport=udp`."
    shared_secret: Secret | None = None
    lifetime: Positive = 86_400
    "Seconds that credentials hold."


class Rtc(Section, frozen=True):
    """Group calls (MatrixRTC)."""

    transports: tuple[dict[str, Any], ...] = ()
    "Such as `{type: livekit, livekit_service_url: https://...}`."


class WellKnown(Section, frozen=True):
    """What `/.well-known/matrix/` says beyond the address of the server."""

    client_extra: dict[str, Any] = msgspec.field(default_factory=dict)
    "Further keys of `/.well-known/matrix/client`."
    support: dict[str, Any] | None = None
    "The whole of `/.well-known/matrix/support` (`contacts`, `support_page`)."
    policy_server_key: str | None = None
    "The ed25519 key of a policy server of this name, in unpadded base64: `/.well-known/matrix/policy_server`."


class Term(Section, frozen=True):
    """A document people must agree to."""

    name: str
    version: str
    title: str
    url: str


class ServerNotices(Section, frozen=True):
    """The account that writes notices of the admin."""

    localpart: str = "notices"
    display_name: str = "Server notices"


class Push(Section, frozen=True):
    """Notifications."""

    vapid_key_path: str | None = None
    "Key of Web Push; absent: made in `data_dir`."
