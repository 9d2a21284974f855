"""Each table's SQL stands in the module that owns it."""

import re
from pathlib import Path

STORAGE = Path(__file__).resolve().parents[2] / "homeserver" / "storage"
HOMESERVER = STORAGE.parent

# Who may write a table. Reads may join what other modules own.
WRITERS = {
    "stream": {"fragments"},
    "batch_marks": {"batch", "upkeep"},
    "rooms": {"rooms", "purge"},
    "room_heads": {"fragments", "rooms", "purge"},
    "aliases": {"rooms", "purge"},
    "directory_changes": {"rooms", "upkeep"},
    "events": {"events/write", "purge"},
    "relations": {"events/relations", "purge"},
    "gaps": {"events/gaps", "purge"},
    "backward_extremities": {"events/gaps", "purge"},
    "followed_events": {"events/gaps", "purge"},
    "state_keys": {"state"},
    "state_chains": {"state", "rooms", "purge"},
    "state_deltas": {"state", "purge"},
    "current_state": {"state", "purge"},
    "members": {"members", "purge"},
    "member_changes": {"members", "upkeep"},
    "client_txns": {"events/write", "events/read", "purge"},
    "mentions": {"mentions", "purge"},
    "users": {"users", "single_sign_on"},
    "external_ids": {"single_sign_on"},
    "sso_flows": {"single_sign_on"},
    "devices": {"devices", "sessions"},
    "sessions": {"sessions"},
    "login_tokens": {"sessions", "upkeep"},
    "registration_tokens": {"registration_tokens"},
    "ui_auth": {"sessions"},
    "threepids": {"users", "contact_lookups"},
    "profiles": {"profiles", "users"},
    "untold_profiles": {"profiles"},
    "filters": {"account_data"},
    "account_data": {"account_data", "purge"},
    "receipts": {"receipts", "purge"},
    "to_device": {"to_device"},
    "device_changes": {"devices", "upkeep"},
    "revocations": {"sessions", "upkeep"},
    "sync_connections": {"sync_connections"},
    "destinations": {"destinations", "outbound"},
    "outbound_edus": {"destinations"},
    "server_keys": {"server_keys"},
    "inbound_txns": {"staging"},
    "inbound_staging": {"staging", "purge"},
    "leases": {"leases"},
    "cursors": {"leases", "outbound", "search", "pushers"},
    "jobs": {"jobs"},
    "appservice_queues": {"appservices"},
    "appservice_rooms": {"appservices"},
    "event_reports": {"reports"},
    "openid_tokens": {"openid"},
    "blocked_rooms": {"admin"},
    "delayed_events": {"delayed_events"},
    "server_notice_rooms": {"admin"},
    "early_redactions": {"events/relations", "purge"},
    "partial_joins": {"partial_joins", "purge"},
    "room_purges": {"purge", "upkeep"},
    "invite_links": {"invite_links", "purge"},
    "invite_link_uses": {"invite_links"},
    "restrictions": {"restrictions", "purge"},
    "sms_sends": {"sms"},
    "verifications": {"verifications"},
    "phone_accounts": {"phone_accounts", "contact_lookups", "users"},
    "sign_in_requests": {"sign_ins", "users"},
    "recoveries": {"sign_ins", "users"},
    "recovery_news": {"sign_ins", "users"},
    "number_changes": {"phone_accounts", "users"},
    "number_invites": {"number_invites"},
    "number_asks": {"number_invites"},
    "contacts": {"contact_lookups", "users"},
    "found_contacts": {"contact_lookups", "users"},
    "identity_tokens": {"identity_tokens", "users"},
    "device_keys": {"e2e_keys"},
    "one_time_keys": {"one_time_keys"},
    "fallback_keys": {"one_time_keys"},
    "cross_signing_keys": {"e2e_keys"},
    "key_signatures": {"e2e_keys"},
    "device_lists": {"e2e_keys"},
    "remote_devices": {"e2e_keys"},
    "to_device_txns": {"to_device"},
    "key_backups": {"key_backup"},
    "backed_up_keys": {"key_backup"},
    "dehydrated_devices": {"dehydrated"},
    "media": {"media"},
    "media_files": {"media"},
    "media_thumbnails": {"media"},
    "search_eras": {"search", "purge"},
    "search_documents": {"search", "purge"},
    "pushers": {"pushers"},
    "push_queue": {"pushers"},
    "url_previews": {"previews"},
    "migrations": {"migrate"},
}
WRITE = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)")


def modules() -> dict[str, str]:
    """Name below storage/ -> source."""
    return {
        str(file.relative_to(STORAGE).with_suffix("")): file.read_text(encoding="utf-8")
        for file in STORAGE.rglob("*.py")
    }


def test_every_table_has_an_owner() -> None:
    tables = set()
    for file in (STORAGE / "migrations").glob("*.sql"):
        tables |= set(re.findall(r"CREATE TABLE (\w+)", file.read_text(encoding="utf-8")))
    assert tables | {"migrations"} == set(WRITERS)


def test_no_module_writes_a_table_of_another() -> None:
    breaches = [
        (name, table)
        for name, source in modules().items()
        for table in WRITE.findall(source)
        if table in WRITERS and name not in WRITERS[table]
    ]
    assert breaches == []


def test_no_sql_stands_outside_storage() -> None:
    statement = re.compile(r"\b(?:INSERT INTO|DELETE FROM|SELECT\s[\w.*, ]+\sFROM)\s+(\w+)")
    breaches = [
        str(file.relative_to(HOMESERVER))
        for file in HOMESERVER.rglob("*.py")
        if STORAGE not in file.parents
        for table in statement.findall(file.read_text(encoding="utf-8"))
        if table in WRITERS
    ]
    assert breaches == []


def test_every_table_of_the_stream_is_without_foreign_keys() -> None:
    apart = {"0016_invite_links.sql"}  # nothing of it is on the stream, and a link's uses go with it
    for file in (STORAGE / "migrations").glob("*.sql"):
        assert file.name in apart or "REFERENCES" not in file.read_text(encoding="utf-8"), file.name
