"""Sections about what people make: rooms, directory, sync, media, retention, and the pages served."""

from typing import Literal

from homeserver.config.kinds import Positive, Secret, Section


class Rooms(Section, frozen=True):
    """New rooms."""

    default_version: str = "12"
    publish_to_directory: Literal["anyone", "admins", "nobody"] = "anyone"
    "Who may list a room in the directory."
    aliases_require_membership: bool = True
    "Whether one must be in a room to give it an alias."
    max_joined: Positive = 3000
    "Rooms that one user can be in. Application services and admins may be in more."
    max_pending_invites: Positive = 200
    "Invites that wait for an answer of one user."


class Directory(Section, frozen=True):
    """Who finds whom."""

    public_rooms_without_auth: bool = False
    "Whether the room directory can be read without an account."
    users: Literal["all", "shared_rooms", "off"] = "shared_rooms"
    "Whom a search for users finds."


class Presence(Section, frozen=True):
    """Who is online."""

    enabled: bool = True


class Sync(Section, frozen=True):
    """What clients ask again and again."""

    cache_responses: bool = True
    "Answer a repeated request from memory for a while."


class ClientApi(Section, frozen=True):
    """The client-server API."""

    query_access_token: bool = True
    "Accept `?access_token=` (deprecated)."


class S3(Section, frozen=True):
    """Media in an object store."""

    endpoint: str
    bucket: str
    region: str | None = None
    prefix: str = ""
    access_key_id: str | None = None
    secret_access_key: Secret | None = None


class RemoteCache(Section, frozen=True):
    """Copies of other servers' files."""

    max_bytes: Positive = 10 * 1024**3
    max_age_days: Positive = 90


class UrlPreviews(Section, frozen=True):
    """Previews of linked pages, fetched by the server."""

    enabled: bool = False
    allow_private_addresses: bool | tuple[str, ...] = False


class Media(Section, frozen=True):
    """Files."""

    store_path: str | None = None
    "Absent: `media` in `data_dir`."
    s3: S3 | None = None
    "Absent: files lie in `store_path`."
    max_upload_bytes: Positive = 100 * 1024**2
    quota_bytes: Positive | None = None
    "What one user may keep; absent: no limit."
    remote_cache: RemoteCache = RemoteCache()
    legacy_routes: bool = False
    "Serve files without authentication at the old paths."
    url_previews: UrlPreviews = UrlPreviews()


class Retention(Section, frozen=True):
    """How long messages are kept."""

    max_lifetime_days: Positive | None = None
    "Absent: for ever, unless a room says otherwise."


class AdminApi(Section, frozen=True):
    """The API of admin tools."""

    enabled: bool = True
    synapse_compatible: bool = True
    "Offer `/_synapse/admin/...`, which common tools speak."


class Web(Section, frozen=True):
    """The web client."""

    enabled: bool = True
    "Serve it at `/` of listeners with the resource `web`."
    default_homeserver: str | None = None
    "Base address it offers when its own origin is no homeserver."
