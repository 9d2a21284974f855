"""Puts the server's half of end-to-end encryption together."""

from homeserver.clock import Clock, Rng
from homeserver.federation.client.devices import Devices as PeerDevices
from homeserver.services.confirmation import Confirmation
from homeserver.services.cross_signing import CrossSigning
from homeserver.services.dehydrated import DehydratedDevice
from homeserver.services.device_lists import DEVICE_UPDATE, SIGNING_KEY_UPDATE, DeviceLists
from homeserver.services.e2e_keys import E2eKeys
from homeserver.services.feed import Feed
from homeserver.services.inbound import Inbound
from homeserver.services.key_backup import KeyBackup
from homeserver.services.one_time_keys import OneTimeKeys
from homeserver.services.remote_devices import RemoteDevices
from homeserver.services.sessions import Sessions
from homeserver.services.to_device import DIRECT, ToDevice
from homeserver.storage.database import Database
from homeserver.storage.dehydrated import DehydratedDevices
from homeserver.storage.devices import Devices
from homeserver.storage.e2e_keys import E2eKeys as KeyTable
from homeserver.storage.key_backup import KeyBackups
from homeserver.storage.members import Members
from homeserver.storage.one_time_keys import OneTimeKeys as OneTimeKeyTable
from homeserver.storage.stream import Stream
from homeserver.storage.to_device import ToDevice as Inboxes


class Encryption:
    """The services, wired to each other."""

    def __init__(
        self,
        us: str,
        database: Database,
        stream: Stream,
        feed: Feed,
        *,
        sessions: Sessions,
        confirmation: Confirmation,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._us = us
        self._stream = stream
        self._members = Members(database)
        self._table = KeyTable(database)
        devices, inboxes = Devices(database), Inboxes(database)
        device_lists = DeviceLists(us, self._table, clock)
        self.one_time_keys = OneTimeKeys(OneTimeKeyTable(database), stream)
        self.keys = E2eKeys(us, self._table, one_time_keys=self.one_time_keys, device_lists=device_lists, stream=stream)
        self.cross_signing = CrossSigning(
            table=self._table, devices=devices, device_lists=device_lists, confirmation=confirmation, stream=stream
        )
        self.to_device = ToDevice(us, inboxes, stream, rng)
        self.key_backup = KeyBackup(KeyBackups(database))
        self.dehydrated = DehydratedDevice(
            DehydratedDevices(database),
            devices=devices,
            keys=self.keys,
            sessions=sessions,
            inboxes=inboxes,
            clock=clock,
        )
        feed.register(self.one_time_keys.apply)
        feed.on_caught_up(self.one_time_keys.forget)
        sessions.tell_of_devices_by(device_lists.deleted)

    def federate(self, peers: PeerDevices, inbound: Inbound) -> None:
        """Look up users elsewhere, send to their devices, and take what their servers tell."""
        remote = RemoteDevices(self._us, self._table, self._members, self._stream, peers)
        self.keys.ask_others_by(remote, peers)
        self.to_device.federate()
        inbound.on_edu(DEVICE_UPDATE, remote.device_changed)
        inbound.on_edu(SIGNING_KEY_UPDATE, remote.keys_changed)
        inbound.on_edu(DIRECT, self.to_device.of_peer, takes_floats=True)
