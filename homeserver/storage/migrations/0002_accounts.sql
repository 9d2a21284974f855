-- Users, their sessions and devices, and what they keep here.

CREATE TABLE users (
  user_nid bigint PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  password_hash text,
  is_guest boolean NOT NULL DEFAULT false,
  is_admin boolean NOT NULL DEFAULT false,
  is_locked boolean NOT NULL DEFAULT false,
  is_deactivated boolean NOT NULL DEFAULT false,
  is_erased boolean NOT NULL DEFAULT false,
  created_ts bigint NOT NULL,
  CONSTRAINT users_user_id_key UNIQUE (user_id)
);

CREATE TABLE devices (
  device_nid bigint PRIMARY KEY,
  user_nid bigint NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  display_name text,
  created_ts bigint NOT NULL,
  last_seen_ts bigint,
  last_seen_ip text,
  user_agent text,
  CONSTRAINT devices_user_device UNIQUE (user_id, device_id)
);

CREATE TABLE sessions (
  session_nid bigint PRIMARY KEY,
  user_nid bigint NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  device_nid bigint,
  device_id text COLLATE "C",
  access_hash bytea NOT NULL,
  access_expires_ts bigint,
  refresh_hash bytea,
  used_refresh_hash bytea,
  used_access_hash bytea,
  refresh_used boolean NOT NULL DEFAULT false,
  created_ts bigint NOT NULL,
  CONSTRAINT sessions_access_hash_key UNIQUE (access_hash)
);
CREATE UNIQUE INDEX sessions_refresh_hash ON sessions (refresh_hash) WHERE refresh_hash IS NOT NULL;
CREATE INDEX sessions_used_refresh_hash ON sessions (used_refresh_hash) WHERE used_refresh_hash IS NOT NULL;
CREATE INDEX sessions_user ON sessions (user_id, device_id);
COMMENT ON COLUMN sessions.access_hash IS 'SHA-256 of the access token.';
COMMENT ON COLUMN sessions.used_refresh_hash IS 'The refresh token before the present one: good until the new access token is used, a sign of theft after.';

CREATE TABLE login_tokens (
  token_hash bytea PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  expires_ts bigint NOT NULL
);

CREATE TABLE registration_tokens (
  token text COLLATE "C" PRIMARY KEY,
  uses_allowed integer,
  pending integer NOT NULL DEFAULT 0,
  completed integer NOT NULL DEFAULT 0,
  expires_ts bigint,
  created_ts bigint NOT NULL
);

CREATE TABLE ui_auth (
  session_id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C",
  operation text COLLATE "C" NOT NULL,
  completed text[] COLLATE "C" NOT NULL,
  state bytea NOT NULL,
  created_ts bigint NOT NULL
);
COMMENT ON COLUMN ui_auth.operation IS 'What the session may be used for: method and path, with a hash of the body.';
CREATE INDEX ui_auth_created ON ui_auth (created_ts);

CREATE TABLE threepids (
  medium text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  validated_ts bigint NOT NULL,
  added_ts bigint NOT NULL,
  PRIMARY KEY (medium, address)
);
CREATE INDEX threepids_user ON threepids (user_id);

CREATE TABLE profiles (
  user_id text COLLATE "C" NOT NULL,
  field text COLLATE "C" NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (user_id, field)
);
COMMENT ON COLUMN profiles.value IS 'JSON.';

CREATE TABLE filters (
  filter_nid bigint PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  hash bytea NOT NULL,
  definition bytea NOT NULL,
  CONSTRAINT filters_user_hash UNIQUE (user_id, hash)
);

CREATE TABLE account_data (
  user_id text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (user_id, room_id, type)
) WITH (fillfactor = 80);
CREATE INDEX account_data_position ON account_data (position);
COMMENT ON COLUMN account_data.room_id IS 'Empty: the global kind.';

CREATE TABLE receipts (
  room_nid bigint NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  thread text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  event_nid bigint,
  room_position bigint NOT NULL,
  position bigint NOT NULL,
  ts bigint NOT NULL,
  PRIMARY KEY (room_nid, user_id, type, thread)
) WITH (fillfactor = 80);
CREATE INDEX receipts_position ON receipts (position);
COMMENT ON COLUMN receipts.thread IS 'Empty: unthreaded.';

CREATE TABLE to_device (
  device_nid bigint NOT NULL,
  position bigint NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (device_nid, position)
) WITH (vacuum_truncate = off);
CREATE INDEX to_device_position ON to_device (position);
COMMENT ON TABLE to_device IS 'Inboxes; a row goes when a later token of the device acknowledges it.';

CREATE TABLE device_changes (
  position bigint PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C",
  room_nids bigint[] NOT NULL,
  deleted boolean NOT NULL
);
CREATE INDEX device_changes_user ON device_changes (user_id, position);
COMMENT ON COLUMN device_changes.room_nids IS 'Rooms the user was joined to at that time.';

CREATE TABLE revocations (
  position bigint PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  device_id text COLLATE "C",
  session_nid bigint
);
COMMENT ON TABLE revocations IS 'For session caches of other processes; pruned.';

CREATE TABLE sync_connections (
  device_nid bigint NOT NULL,
  conn_id text COLLATE "C" NOT NULL,
  state bytea NOT NULL,
  used_ts bigint NOT NULL,
  PRIMARY KEY (device_nid, conn_id)
);
CREATE INDEX sync_connections_used ON sync_connections (used_ts);
COMMENT ON TABLE sync_connections IS 'What sliding sync and socket connections have sent; written behind, lost means a reset.';
