"""What follows the stream: sync, search, push, application services, the admin's jobs, upkeep."""

from dataclasses import dataclass

from homeserver.composition.accounts import Accounts
from homeserver.composition.ground import Ground
from homeserver.composition.people import People
from homeserver.composition.rooms import RoomWork
from homeserver.opening import open_vapid
from homeserver.services.admin import parts as admin_parts
from homeserver.services.admin.parts import Admin
from homeserver.services.appservice_sender.sender import Below as AppserviceBelow
from homeserver.services.appservice_sender.sender import Sender as AppserviceSender
from homeserver.services.push import parts as push_parts
from homeserver.services.push.parts import Push
from homeserver.services.search import parts as search_parts
from homeserver.services.search.parts import Search
from homeserver.services.sync import parts as sync_parts
from homeserver.services.upkeep import Upkeep
from homeserver.storage.leases import Leases
from homeserver.storage.number_invites import NumberInvites
from homeserver.storage.sessions import UiAuthSessions
from homeserver.storage.sms import SmsSends
from homeserver.storage.to_device import ToDevice as Inboxes
from homeserver.storage.upkeep import Upkeep as UpkeepTable
from homeserver.storage.verifications import Verifications


@dataclass(frozen=True, slots=True)
class Followers:
    """Each has a cursor of its own."""

    sync: sync_parts.Sync
    search: Search
    push: Push
    admin: Admin


def build(ground: Ground, accounts: Accounts, people: People, work: RoomWork) -> Followers:
    """Build them and have them run."""
    sync = _sync(ground, people, work)
    search = Search(
        ground.owner(),
        search_parts.Below(
            database=ground.database,
            feed=ground.feed,
            rooms=ground.rooms,
            state_keys=ground.state_keys,
            visibility=ground.visibility,
            presentation=work.presentation,
            timeline=work.timeline,
            room_state=work.room_state,
            clock=ground.clock,
        ),
    )
    push = _push(ground, accounts, work, sync)
    admin = _admin(ground, accounts, work)
    if accounts.phone is not None:
        alarms = accounts.phone.guard.alarms
        approval = accounts.phone.approval
        ground.tasks.append(lambda: alarms.tell_by(admin.notices.tell_admins))
        ground.tasks.append(lambda: approval.tell_by(admin.notices.tell))
    sender = _appservice_sender(ground, accounts, people)
    upkeep = Upkeep(
        ground.owner(),
        Leases(ground.database),
        UpkeepTable(ground.database),
        ground.events,
        UiAuthSessions(ground.database),
        Inboxes(ground.database),
        ground.feed,
        ground.clock,
        of_age=[
            Verifications(ground.database).prune,
            SmsSends(ground.database).prune,
            NumberInvites(ground.database).prune,
            accounts.signing_on.prune,
        ],
    )
    ground.tasks.extend([sync.run, search.index.run, push.run, admin.jobs.run, sender.run, upkeep.run])
    return Followers(sync, search, push, admin)


def _sync(ground: Ground, people: People, work: RoomWork) -> sync_parts.Sync:
    return sync_parts.Sync(
        sync_parts.Below(
            database=ground.database,
            feed=ground.feed,
            rooms=ground.rooms,
            state_keys=ground.state_keys,
            visibility=ground.visibility,
            presentation=work.presentation,
            account_data=ground.account_data,
            push_rules=ground.push_rules,
            typing=people.typing,
            presence=people.presence,
            states=people.states,
            one_time_keys=people.encryption.one_time_keys,
            clock=ground.clock,
            rng=ground.rng,
            stopping=ground.stopping,
        )
    )


def _push(ground: Ground, accounts: Accounts, work: RoomWork, sync: sync_parts.Sync) -> Push:
    below = push_parts.Below(
        database=ground.database,
        stream=ground.stream,
        feed=ground.feed,
        rooms=ground.rooms,
        visibility=ground.visibility,
        presentation=work.presentation,
        push_rules=ground.push_rules,
        unread=sync.unread,
        ignored_by=ground.account_data.ignored_by,
        mailer=accounts.mail,
        mail_owner=accounts.addresses.owner,
        clock=ground.clock,
        rng=ground.rng,
    )
    outside = push_parts.outside(ground.config.outbound_http, ground.clock, ground.rng, ground.resources)
    return Push(ground.owner(), below, outside, open_vapid(ground.config, ground.clock))


def _admin(ground: Ground, accounts: Accounts, work: RoomWork) -> Admin:
    return admin_parts.build(
        admin_parts.Below(
            server=ground.us,
            owner=ground.owner(),
            config=ground.config,
            database=ground.database,
            stream=ground.stream,
            feed=ground.feed,
            rooms=ground.rooms,
            commits=ground.commits,
            sessions=accounts.sessions,
            passwords=accounts.passwords,
            profiles=accounts.profiles,
            devices=accounts.devices,
            addresses=accounts.addresses,
            deactivation=work.deactivation,
            joining=work.joining,
            inviting=work.inviting,
            removing=work.removing,
            creation=work.creation,
            sending=work.sending,
            account_data=ground.account_data,
            clock=ground.clock,
            rng=ground.rng,
            faults=ground.faults,
        )
    )


def _appservice_sender(ground: Ground, accounts: Accounts, people: People) -> AppserviceSender:
    return AppserviceSender(
        AppserviceBelow(
            server=ground.us,
            owner=ground.owner(),
            registrations=accounts.appservices.registrations,
            access=accounts.appservices.access,
            asking=accounts.appservices.asking,
            database=ground.database,
            feed=ground.feed,
            stream=ground.stream,
            rooms=ground.rooms,
            states=people.states,
            typing=people.typing,
            presence=people.presence,
            one_time_keys=people.encryption.one_time_keys,
            clock=ground.clock,
            faults=ground.faults,
        )
    )
