"""Other servers: federation, and what of the lower floors asks or tells them."""

from homeserver.composition.accounts import Accounts
from homeserver.composition.ground import Ground
from homeserver.composition.people import Files, People
from homeserver.federation import parts
from homeserver.federation.parts import Federation
from homeserver.federation.server import contacts as peer_contacts_api
from homeserver.federation.server import devices as peer_devices_api
from homeserver.federation.server import openid as peer_openid_api
from homeserver.services.discovery.pairing import Pairing
from homeserver.services.media.remote import RemoteMedia
from homeserver.services.openid import OpenId
from homeserver.storage.contact_lookups import ContactLookups


def build(ground: Ground, accounts: Accounts, people: People, files: Files, openid: OpenId) -> Federation | None:
    """None where this server talks to no other."""
    config, clock, rng = ground.config, ground.clock, ground.rng
    if not config.federates:
        return None
    http, resolver = parts.outside(config.federation, clock, rng, ground.resources)
    below = parts.Below(
        database=ground.database,
        stream=ground.stream,
        feed=ground.feed,
        rooms=ground.rooms,
        commits=ground.commits,
        state_keys=ground.state_keys,
        visibility=ground.visibility,
        limits=ground.limits,
        profiles=ground.profile_table,
        aliases=ground.room_table,
        may_invite=accounts.invite_permission.check,
        media=files.media,
        thumbnails=files.thumbnails,
    )
    peers = parts.build(
        config.federation,
        ground.key,
        below,
        http=http,
        resolver=resolver,
        clock=clock,
        rng=rng,
        faults=ground.faults,
        resources=ground.resources,
    )
    accounts.profiles.ask_others_by(peers.queries)
    accounts.directory.ask_others_by(peers.queries)
    _share_files(ground, files, peers)
    _share_what_passes(people, peers)
    peer_devices_api.endpoints(peers.table, ground.us, people.encryption.keys)
    peer_openid_api.endpoints(peers.table, openid.user_of, ground.limits)
    _pair(ground, accounts, peers)
    ground.tasks.extend(peers.tasks)
    return peers


def _pair(ground: Ground, accounts: Accounts, peers: Federation) -> None:
    """Let people be found across the servers that the admin has paired with this one."""
    config = ground.config.discovery
    if accounts.phone is None or not config.enabled or not config.paired_servers:
        return
    pairing = Pairing(
        key=ground.key,
        servers=config.paired_servers,
        discovery=accounts.phone.discovery,
        lookups=ContactLookups(ground.database),
        keyring=peers.keyring,
        ask=peers.queries.contacts,
        clock=ground.clock,
    )
    accounts.phone.discovery.ask_too(pairing)
    peer_contacts_api.endpoints(peers.table, pairing)


def _share_files(ground: Ground, files: Files, peers: Federation) -> None:
    remote = RemoteMedia(
        peers.media_requests,
        store=files.store,
        table=files.table,
        cache=files.copies,
        max_bytes=ground.config.media.max_upload_bytes,
        take=ground.limits.take,
        clock=ground.clock,
    )
    files.media.fetch_others_by(remote)
    files.thumbnails.ask_others_by(remote)


def _share_what_passes(people: People, peers: Federation) -> None:
    people.typing.tell_others_by(peers.sender.offer)
    people.presence.tell_others_by(peers.sender.offer)
    people.encryption.federate(peers.devices, peers.inbound)
    peers.inbound.on_edu("m.typing", people.typing.of_peer)
    peers.inbound.on_edu("m.presence", people.presence.of_peer)
    peers.inbound.on_edu("m.receipt", people.receipts.of_peer)
