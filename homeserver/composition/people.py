"""What passes between people and is unread; their keys; their files."""

from dataclasses import dataclass

from homeserver.composition.accounts import Accounts
from homeserver.composition.ground import Ground
from homeserver.opening import open_media
from homeserver.providers.hooks import MediaStore
from homeserver.providers.thumbnails import Thumbnailer
from homeserver.services.encryption import Encryption
from homeserver.services.extensions.privacy import Privacy
from homeserver.services.filters import Filters
from homeserver.services.media import parts as media_parts
from homeserver.services.media.housekeeping import Housekeeping
from homeserver.services.media.previews import Previews as UrlPreviews
from homeserver.services.media.remote import Cache
from homeserver.services.media.repository import Media
from homeserver.services.media.thumbnails import Thumbnails
from homeserver.services.presence import Presence
from homeserver.services.receipts import Receipts
from homeserver.services.states import States
from homeserver.services.typing import Typing
from homeserver.storage.account_data import Filters as FilterTable
from homeserver.storage.media import MediaTable
from homeserver.storage.receipts import Receipts as ReceiptTable


@dataclass(frozen=True, slots=True)
class People:
    """Typing, presence, receipts, filters, end-to-end keys."""

    states: States
    typing: Typing
    presence: Presence
    receipts: Receipts
    filters: Filters
    encryption: Encryption


@dataclass(frozen=True, slots=True)
class Files:
    """The media repository. `copies`: of other servers' files; `previews` None: pages are not previewed."""

    table: MediaTable
    store: MediaStore
    media: Media
    thumbnails: Thumbnails
    copies: Cache
    previews: UrlPreviews | None


async def build(ground: Ground, accounts: Accounts) -> People:
    """Presence needs who hides theirs: read once."""
    states = States(ground.bus, ground.clock)
    presence = Presence(
        server=ground.us,
        enabled=ground.config.presence.enabled,
        instance=f"{ground.index}.{ground.rng.letters(4)}",
        rooms=ground.rooms,
        members=ground.members,
        feed=ground.feed,
        bus=ground.bus,
        states=states,
        clock=ground.clock,
    )
    privacy = Privacy(ground.account_data_table, presence.reconsider)
    ground.feed.register(privacy.apply)
    await privacy.load()
    presence.hide_by(privacy.hides_presence)
    receipts = Receipts(
        rooms=ground.rooms,
        events=ground.events,
        table=ReceiptTable(ground.database),
        account_data=ground.account_data_table,
        stream=ground.stream,
        feed=ground.feed,
        clock=ground.clock,
    )
    encryption = Encryption(
        ground.us,
        ground.database,
        ground.stream,
        ground.feed,
        sessions=accounts.sessions,
        confirmation=accounts.confirmation,
        clock=ground.clock,
        rng=ground.rng,
    )
    accounts.devices.tell_of_names_by(encryption.keys.renamed)
    ground.tasks.extend([states.run, presence.run])
    return People(
        states=states,
        typing=Typing(ground.us, ground.rooms, ground.feed, ground.bus, states),
        presence=presence,
        receipts=receipts,
        filters=Filters(FilterTable(ground.database)),
        encryption=encryption,
    )


def build_files(ground: Ground) -> Files:
    """Raises CannotStart."""
    config, clock = ground.config, ground.clock
    table, store, thumbnailer = MediaTable(ground.database), open_media(config), Thumbnailer()
    ground.resources.push_async_callback(thumbnailer.close)
    media = Media(server=ground.us, table=table, store=store, config=config.media, clock=clock, rng=ground.rng)
    copies = Cache(table, store, config.media.remote_cache, clock)
    ground.tasks.extend([Housekeeping(table, store, copies, clock).run])
    previews = None
    if config.media.url_previews.enabled:
        previews = media_parts.previews(
            config,
            ground.us,
            database=ground.database,
            media=table,
            store=store,
            clock=clock,
            rng=ground.rng,
            closing=ground.resources,
        )
    thumbnails = Thumbnails(media, table=table, store=store, thumbnailer=thumbnailer, clock=clock)
    return Files(table, store, media, thumbnails, copies, previews)
