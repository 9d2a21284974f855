"""What the server can do and where it is: versions, capabilities, the well-known files.

Spec: Client-Server API, API Versions; Capabilities negotiation; Well-known URIs. Server-Server API, Server discovery.
"""

from urllib.parse import urlsplit

from homeserver.asgi.responses import Answer, Raw, encode
from homeserver.client_api.http import NONE, USER_OR_GUEST, Call, EndpointTable
from homeserver.config import Config
from homeserver.errors import NotFound, Unrecognized
from homeserver.protocol.identifiers import PREFIX
from homeserver.protocol.room_versions import ROOM_VERSIONS

SPEC_VERSIONS = ("r0.6.1", *(f"v1.{minor}" for minor in range(1, 20)))
STREAM_FEATURE = "app.hearth.stream.v1"
STREAM_CAPABILITY = "app.hearth.stream"
WEB_PUSH_CAPABILITY = "app.hearth.webpush"
PHONE_FEATURE = f"{PREFIX}login.sms"
DISCOVERY_FEATURE = f"{PREFIX}discovery"
UNSTABLE_FEATURES = {
    STREAM_FEATURE: True,
    f"{PREFIX}roles": True,
    f"{PREFIX}invites": True,
    f"{PREFIX}restrict_until": True,
    f"{PREFIX}close_room": True,
    f"{PREFIX}privacy": True,
    f"{PREFIX}search": True,
    f"{PREFIX}silent": True,
    f"{PREFIX}slow_mode": True,
    "com.beeper.msc4169": True,  # redactions by /send
    "fi.mau.msc2246.stable": True,  # media ids before the upload
    "fi.mau.msc2659": True,
    "fi.mau.msc2659.stable": True,  # pings of application services
    "io.element.e2ee_forced.private": False,
    "io.element.e2ee_forced.public": False,
    "io.element.e2ee_forced.trusted_private": False,
    "org.matrix.e2e_cross_signing": True,
    "org.matrix.label_based_filtering": False,
    "org.matrix.msc2285.stable": True,  # private receipts
    "org.matrix.msc2432": True,  # aliases of rooms
    "org.matrix.msc3440.stable": True,  # threads
    "org.matrix.msc3715.stable": True,  # direction of relations
    "org.matrix.msc3771": True,  # receipts in threads
    "org.matrix.msc3773": True,  # unread counts of threads
    "org.matrix.msc3827.stable": True,  # public rooms by type
    "org.matrix.msc3856.stable": True,  # list of threads
    "org.matrix.msc3881": True,  # pushers switched off from elsewhere
    "org.matrix.msc3916.stable": True,  # files by token
    "org.matrix.msc3981": True,  # relations of relations
    "org.matrix.msc4140": True,  # delayed events
    "org.matrix.msc4143": True,  # transports of group calls
    "org.matrix.msc4380.stable": True,  # invite blocking
    "org.matrix.simplified_msc3575": True,  # sliding sync as it is deployed
    "uk.half-shot.msc2666.query_mutual_rooms": True,
    "uk.half-shot.msc2666.query_mutual_rooms.stable": True,
    "uk.tcpip.msc4133": True,
    "uk.tcpip.msc4133.stable": True,  # profile fields
    "uk.timedout.msc4323": True,
    "uk.timedout.msc4323.stable": True,  # locking and suspending accounts
}
"""What clients ask for by name although it is in the specification, or before it is: only what is complete."""
OLD_AUTH_METADATA = "/unstable/org.matrix.msc2965/auth_metadata"
OF_ADMINS = {"lock": True, "suspend": True}
SOCKET_LIMITS = {"max_frame": 262_144, "conns_per_device": 3}
HTTPS_PORT = 443


def endpoints(endpoint: EndpointTable, config: Config, *, by_phone: bool, web_push: str) -> None:
    """Register the endpoints that only the configuration answers.

    `by_phone`: whether people log in by numbers; `web_push`: the key that browsers ask for who want to be told.
    """
    of_phones = {PHONE_FEATURE: True, DISCOVERY_FEATURE: config.discovery.enabled} if by_phone else {}
    features = {**UNSTABLE_FEATURES, **of_phones}
    versions_body = encode({"versions": SPEC_VERSIONS, "unstable_features": features})
    of_users = {**_capabilities(config, by_phone=by_phone), WEB_PUSH_CAPABILITY: {"vapid": web_push}}
    capabilities_body = encode({"capabilities": of_users})
    admin_capabilities = encode({"capabilities": {**of_users, "m.account_management": OF_ADMINS}})
    is_one = is_identity_server(config, by_phone=by_phone)
    identity_server = {"m.identity_server": {"base_url": config.base_url}} if is_one else {}
    well_known_client = encode(
        {
            "m.homeserver": {"base_url": config.base_url},
            f"{PREFIX}server_name": config.server_name,
            **identity_server,
            **config.well_known.client_extra,
        }
    )
    delegate = _delegate(config)

    @endpoint("GET", "/versions", auth=NONE, limit="public")
    async def versions(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, API Versions."""
        return Raw(versions_body)

    @endpoint("GET", "/v1/auth_metadata", auth=NONE, limit="public", also=(OLD_AUTH_METADATA,))
    async def auth_metadata(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, Authentication API discovery. Not offered: OAuth 2.0."""
        raise Unrecognized("This server does not offer OAuth 2.0: clients log in by /v3/login")

    @endpoint("GET", "/v3/capabilities", auth=USER_OR_GUEST, limit="read", socket=True)
    async def capabilities(call: Call[None]) -> Answer:
        """Spec: Client-Server API, Capabilities negotiation."""
        return Raw(admin_capabilities if call.requester.is_admin else capabilities_body)

    @endpoint("GET", "/.well-known/matrix/client", auth=NONE, limit="public", resource="well_known")
    async def well_known(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, Well-known URIs."""
        return Raw(well_known_client)

    @endpoint("GET", "/.well-known/matrix/server", auth=NONE, limit="public", resource="well_known")
    async def well_known_server(_call: Call[None]) -> Answer:
        """Spec: Server-Server API, Resolving server names."""
        if delegate is None:
            raise NotFound("This server is found by its name")
        return {"m.server": delegate}

    @endpoint("GET", "/.well-known/matrix/support", auth=NONE, limit="public", resource="well_known")
    async def well_known_support(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, Server administration contacts."""
        if config.well_known.support is None:
            raise NotFound("No contacts are published")
        return config.well_known.support

    @endpoint("GET", "/.well-known/matrix/policy_server", auth=NONE, limit="public", resource="well_known")
    async def well_known_policy_server(_call: Call[None]) -> Answer:
        """Spec: Client-Server API, Policy Servers."""
        if not config.well_known.policy_server_key:
            raise NotFound("No policy server is published")
        return {"public_keys": {"ed25519": config.well_known.policy_server_key}}


def is_identity_server(config: Config, *, by_phone: bool) -> bool:
    """Whether clients may use this server as an identity server."""
    return by_phone and config.discovery.enabled and config.discovery.identity_api


def _capabilities(config: Config, *, by_phone: bool) -> dict[str, object]:
    available = dict.fromkeys(ROOM_VERSIONS, "stable")
    return {
        "m.room_versions": {"default": config.rooms.default_version, "available": available},
        "m.change_password": {"enabled": config.login.password.enabled},
        "m.profile_fields": {"enabled": True},
        "m.set_displayname": {"enabled": True},
        "m.set_avatar_url": {"enabled": True},
        "m.3pid_changes": {"enabled": by_phone or config.email.smtp_host is not None},
        "m.get_login_token": {"enabled": config.login.password.enabled},
        "m.forget_forced_upon_leave": {"enabled": False},
        STREAM_CAPABILITY: SOCKET_LIMITS,
    }


def _delegate(config: Config) -> str | None:
    """Where other servers find us, if that is not simply our name: the host of `public_baseurl`."""
    if not config.federates or config.public_baseurl is None or ":" in config.server_name:
        return None
    address = urlsplit(config.public_baseurl)
    return f"{address.hostname}:{address.port or HTTPS_PORT}" if address.scheme == "https" else None
