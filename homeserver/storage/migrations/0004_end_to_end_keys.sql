-- End-to-end encryption as far as the server knows of it: public keys, device lists of peers, key backups.

CREATE TABLE device_keys (
  device_nid bigint PRIMARY KEY,
  keys bytea NOT NULL
);
COMMENT ON TABLE device_keys IS 'Identity keys of devices here, as uploaded; a row counts only beside its row of devices.';

CREATE TABLE one_time_keys (
  device_nid bigint NOT NULL,
  algorithm text COLLATE "C" NOT NULL,
  ordinal bigint GENERATED ALWAYS AS IDENTITY,
  key_id text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  PRIMARY KEY (device_nid, algorithm, ordinal),
  CONSTRAINT one_time_keys_key_id UNIQUE (device_nid, algorithm, key_id)
) WITH (vacuum_truncate = off);
COMMENT ON COLUMN one_time_keys.ordinal IS 'Order of upload: the lowest is handed out first.';

CREATE TABLE fallback_keys (
  device_nid bigint NOT NULL,
  algorithm text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  is_used boolean NOT NULL DEFAULT false,
  PRIMARY KEY (device_nid, algorithm)
);

CREATE TABLE cross_signing_keys (
  user_id text COLLATE "C" NOT NULL,
  usage text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  PRIMARY KEY (user_id, usage)
);
COMMENT ON TABLE cross_signing_keys IS 'master, self_signing and user_signing keys of users here, the first two of users elsewhere.';

CREATE TABLE key_signatures (
  user_id text COLLATE "C" NOT NULL,
  signer_id text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  signer_key_id text COLLATE "C" NOT NULL,
  signature text COLLATE "C" NOT NULL,
  PRIMARY KEY (user_id, signer_id, key_id, signer_key_id)
);
COMMENT ON COLUMN key_signatures.key_id IS 'What is signed: a device id of user_id, or the public part of a cross-signing key.';

CREATE TABLE device_lists (
  user_id text COLLATE "C" PRIMARY KEY,
  stream_id bigint NOT NULL,
  is_stale boolean NOT NULL,
  position bigint NOT NULL
) WITH (fillfactor = 80);
COMMENT ON COLUMN device_lists.stream_id IS 'Number of the last change, as peers are told it or told us.';
COMMENT ON COLUMN device_lists.position IS 'When the list of a user elsewhere was fetched or changed last.';

CREATE TABLE remote_devices (
  user_id text COLLATE "C" NOT NULL,
  device_id text COLLATE "C" NOT NULL,
  keys bytea NOT NULL,
  PRIMARY KEY (user_id, device_id)
);

ALTER TABLE device_changes ADD COLUMN observer text COLLATE "C";
COMMENT ON COLUMN device_changes.observer IS 'Set: only this user sees the change (their own signature on another''s key).';

CREATE TABLE to_device_txns (
  sender text COLLATE "C" NOT NULL,
  path_hash bigint NOT NULL,
  txn_id text COLLATE "C" NOT NULL,
  created timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sender, path_hash, txn_id)
) WITH (vacuum_truncate = off);
CREATE INDEX to_device_txns_created ON to_device_txns (created);
COMMENT ON TABLE to_device_txns IS 'Sendings to devices that were taken: a repeat, by a client or a peer, is not delivered again.';

CREATE TABLE key_backups (
  version bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  algorithm text COLLATE "C" NOT NULL,
  auth_data bytea NOT NULL,
  etag bigint NOT NULL DEFAULT 0,
  n_keys bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE INDEX key_backups_user ON key_backups (user_id, version);

CREATE TABLE backed_up_keys (
  version bigint NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  first_message_index bigint NOT NULL,
  forwarded_count bigint NOT NULL,
  is_verified boolean NOT NULL,
  session_data bytea NOT NULL,
  PRIMARY KEY (version, room_id, session_id)
);

CREATE TABLE dehydrated_devices (
  user_id text COLLATE "C" PRIMARY KEY,
  device_nid bigint NOT NULL,
  device_data bytea NOT NULL
);
