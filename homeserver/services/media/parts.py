"""Previews of pages put together. Used by `app`."""

from contextlib import AsyncExitStack

import homeserver
from homeserver.clock import Clock, Rng
from homeserver.config import Config
from homeserver.net.addresses import AddressPolicy
from homeserver.net.connector import tls_context
from homeserver.net.http import HttpClient
from homeserver.net.resolver import DnsResolver
from homeserver.protocol.identifiers import ServerName
from homeserver.providers.hooks import MediaStore
from homeserver.providers.pages import Pages
from homeserver.services.media.previews import Previews
from homeserver.storage.database import Database
from homeserver.storage.media import MediaTable
from homeserver.storage.previews import PreviewTable


def previews(
    config: Config,
    server: ServerName,
    *,
    database: Database,
    media: MediaTable,
    store: MediaStore,
    clock: Clock,
    rng: Rng,
    closing: AsyncExitStack,
) -> Previews:
    """What makes previews, with a way out of its own; no connection is kept, so that no page outlives its visit."""
    client = HttpClient(
        AddressPolicy.of(config.media.url_previews.allow_private_addresses),
        DnsResolver(clock.monotonic, rng.random),
        tls_context(verify=config.outbound_http.verify_certificates),
        user_agent=f"Hearth/{homeserver.__version__} (preview of a link; bot)",
        keepalive_s=1.0,
        proxy=config.outbound_http.proxy,
    )
    closing.push_async_callback(client.close)
    return Previews(server, Pages(client), table=PreviewTable(database), media=media, store=store, clock=clock, rng=rng)
