"""The token buckets by name: the one table of their defaults. Requests share one by user, else by address."""

import msgspec


class Bucket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`per_second` tokens come in, at most `burst` are kept; a request takes one."""

    per_second: float
    burst: float


class RateLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Token buckets by name; `enabled: false` switches all of them off."""

    enabled: bool = True
    public: Bucket = Bucket(10, 100)
    "What anybody may read: versions, discovery, login flows. By address."
    registration: Bucket = Bucket(0.1, 10)
    "Signing up and asking for free names. By address."
    login: Bucket = Bucket(0.3, 10)
    "Logging in. By address, and by account where the service asks for it."
    login_account: Bucket = Bucket(0.1, 10)
    "Failed tries for one account, from wherever they come."
    bad_token: Bucket = Bucket(1, 50)
    "Requests with an access token that is not known. By address."
    account: Bucket = Bucket(1, 20)
    "Changing passwords, devices, the account itself; user-interactive authentication."
    message: Bucket = Bucket(10, 60)
    "Sending messages, reactions, redactions and state."
    read: Bucket = Bucket(40, 200)
    "Reading rooms, profiles, keys, account data."
    write: Bucket = Bucket(10, 60)
    "Account data, profiles, filters, tags, push rules."
    light: Bucket = Bucket(20, 100)
    "Typing, receipts, read markers, presence."
    sync: Bucket = Bucket(20, 100)
    "Asking for what is new."
    create_room: Bucket = Bucket(0.3, 15)
    "Making rooms."
    join: Bucket = Bucket(1, 20)
    "Joining, knocking."
    invite: Bucket = Bucket(1, 30)
    "Inviting."
    membership: Bucket = Bucket(3, 50)
    "Leaving, forgetting, kicking, banning."
    directory: Bucket = Bucket(3, 30)
    "The room directory, aliases, the user directory."
    search: Bucket = Bucket(1, 10)
    "Full-text search, previews of pages."
    keys: Bucket = Bucket(10, 100)
    "Device keys, one-time keys, key backup."
    to_device: Bucket = Bucket(10, 100)
    "Messages to devices."
    media: Bucket = Bucket(10, 100)
    "Fetching files."
    upload: Bucket = Bucket(2, 30)
    "Uploading files."
    remote_media: Bucket = Bucket(5, 500)
    "MiB of other servers' files that are fetched for one user."
    socket: Bucket = Bucket(0.5, 30)
    "Opening WebSockets. By address."
    socket_frames: Bucket = Bucket(50, 200)
    "Frames of one WebSocket."
    admin: Bucket = Bucket(20, 100)
    "The admin API."
    federation: Bucket = Bucket(50, 200)
    "Requests of one other server."
