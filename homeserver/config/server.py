"""Sections about the machine: listeners, database, Redis, log."""

from typing import Any, Literal

import msgspec

from homeserver.config.kinds import Port, Positive, Secret, Section

Resource = Literal["client", "federation", "keys", "media", "web", "admin", "metrics", "well_known"]
EVERYTHING: tuple[Resource, ...] = ("client", "federation", "keys", "media", "web", "admin", "well_known")


class Log(Section, frozen=True):
    """What is written about what happens. Never secrets, never what people write."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    "Requests are logged at `info`."
    file: str | None = None
    "Append to this file; absent: standard error."
    format: Literal["console", "json"] = "console"
    "`json`: one object a line."


class EmbeddedDatabase(Section, frozen=True):
    """The PostgreSQL that comes with the server, used when `database.url` is absent."""

    bindir: str | None = None
    "Use the PostgreSQL programs (15 or newer) of this folder in place of those of the Python package."


class Database(Section, frozen=True):
    """PostgreSQL."""

    url: Secret | None = None
    "`postgresql://user:password@host/database`; absent: the embedded one, in `data_dir`."
    max_connections: Positive = 8
    "Connections of one process, beside the one that writes."
    embedded: EmbeddedDatabase = EmbeddedDatabase()


class Redis(Section, frozen=True):
    """What rings between processes; needed when `processes` is above 1 or several machines share the database."""

    url: Secret | None = None
    "`redis://host:6379/0`, `rediss://...` or `unix:///path`."


class Tls(Section, frozen=True):
    """The certificate of a listener."""

    certificate: str
    "PEM file with the certificate and its chain."
    private_key: str
    "PEM file."


class Listener(Section, frozen=True):
    """An address that the server answers on."""

    host: str = "127.0.0.1"
    "An address of this machine; `0.0.0.0` or `::` for all."
    port: Port = 8008
    tls: Tls | None = None
    "Absent: plain HTTP, for a reverse proxy or this machine only."
    resources: tuple[Resource, ...] = EVERYTHING
    "What is offered here: client, federation, keys, media, web, admin, metrics, well_known."


class Metrics(Section, frozen=True):
    """Figures for Prometheus, at `/metrics` of listeners with the resource `metrics`."""

    enabled: bool = True


class Tracing(Section, frozen=True):
    """OpenTelemetry."""

    otlp_endpoint: str | None = None
    "Where spans go; absent: nowhere."


class Provider(Section, frozen=True):
    """A class of yours in one of the seams (docs: operate, seams)."""

    module: str
    "`package.module.Class`."
    config: dict[str, Any] = msgspec.field(default_factory=dict)
    "Given to its constructor."
