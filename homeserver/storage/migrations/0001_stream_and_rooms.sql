-- The stream's counter, numbers in blocks, rooms with their heads, events, state and members.
-- No foreign keys here: they cost 18 % of the commit rate, and the gate of the stream keeps the same promise.

CREATE SEQUENCE nids AS bigint INCREMENT BY 1000 START WITH 1000 CACHE 1;

CREATE TABLE stream (
  position bigint PRIMARY KEY
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
COMMENT ON TABLE stream IS 'One row: the position of the newest commit. The key is the number, so that a long transaction does not slow its updates.';
INSERT INTO stream (position) VALUES (0);

CREATE TABLE batch_marks (
  mark bigint PRIMARY KEY,
  base bigint NOT NULL,
  created timestamptz NOT NULL DEFAULT now()
) WITH (vacuum_truncate = off);
COMMENT ON TABLE batch_marks IS 'Batches with rows outside rooms: a writer that lost its connection looks here whether its batch was committed. Pruned.';

CREATE TABLE rooms (
  room_nid bigint PRIMARY KEY,
  room_id text COLLATE "C" NOT NULL,
  room_version text COLLATE "C" NOT NULL,
  created_ts bigint NOT NULL,
  is_public boolean NOT NULL DEFAULT false,
  is_partial boolean NOT NULL DEFAULT false,
  CONSTRAINT rooms_room_id_key UNIQUE (room_id)
);
COMMENT ON COLUMN rooms.is_public IS 'Listed in the public room directory of this server.';
COMMENT ON COLUMN rooms.is_partial IS 'Joined over federation, members still missing.';
CREATE INDEX rooms_public ON rooms (room_nid) WHERE is_public;

CREATE TABLE room_heads (
  room_nid bigint NOT NULL,
  version bigint NOT NULL,
  chain_id bigint NOT NULL,
  sequence bigint NOT NULL,
  extremities bigint[] NOT NULL,
  depth bigint NOT NULL,
  last_position bigint NOT NULL,
  PRIMARY KEY (room_nid, version)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
COMMENT ON TABLE room_heads IS 'The hot part of a room, one row each; version is in the key for the same reason as stream.position.';
COMMENT ON COLUMN room_heads.last_position IS 'The newest room position given.';

CREATE TABLE aliases (
  alias text COLLATE "C" PRIMARY KEY,
  room_id text COLLATE "C" NOT NULL,
  creator text COLLATE "C" NOT NULL,
  created_ts bigint NOT NULL
);
CREATE INDEX aliases_room ON aliases (room_id);

CREATE TABLE directory_changes (
  position bigint PRIMARY KEY,
  alias text COLLATE "C" NOT NULL,
  room_id text COLLATE "C",
  room_nid bigint,
  is_public boolean
);
COMMENT ON TABLE directory_changes IS 'For caches of other processes; pruned.';

CREATE TABLE events (
  event_nid bigint PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL,
  room_nid bigint NOT NULL,
  room_position bigint,
  position bigint,
  chain_id bigint NOT NULL,
  sequence bigint NOT NULL,
  head_chain_id bigint,
  delta_sequence bigint,
  head_version bigint NOT NULL,
  ts bigint NOT NULL,
  depth bigint NOT NULL,
  state_key_nid bigint,
  flags integer NOT NULL,
  type text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  thread_id text COLLATE "C",
  redacted_by text COLLATE "C",
  auth_nids bigint[] NOT NULL,
  prev_nids bigint[] NOT NULL,
  body bytea NOT NULL,
  envelope bytea NOT NULL,
  CONSTRAINT events_event_id_key UNIQUE (event_id)
);
ALTER TABLE events ALTER body SET STORAGE EXTERNAL;
ALTER TABLE events ALTER envelope SET STORAGE EXTERNAL;
COMMENT ON COLUMN events.room_position IS 'Order in the room; NULL: rejected, soft-failed or outlier, never shown.';
COMMENT ON COLUMN events.position IS 'Of the stream; NULL: filled in later, not news.';
COMMENT ON COLUMN events.chain_id IS 'With sequence: the state before the event.';
COMMENT ON COLUMN events.head_chain_id IS 'With delta_sequence: the state after it, where the event changes it.';
COMMENT ON COLUMN events.flags IS '1 rejected, 2 soft-failed, 4 outlier, 8 notifies, 16 became current state.';
COMMENT ON COLUMN events.prev_nids IS 'The parents that were extremities here when it was committed.';
COMMENT ON COLUMN events.body IS 'Client format (JSON); rewritten when redacted.';
COMMENT ON COLUMN events.envelope IS 'What only servers see of it (JSON).';
CREATE UNIQUE INDEX events_room_position ON events (room_nid, room_position) WHERE room_position IS NOT NULL;
CREATE INDEX events_position ON events (position) WHERE position IS NOT NULL;
CREATE INDEX events_room_stream ON events (room_nid, position) WHERE position IS NOT NULL;
CREATE INDEX events_room_ts ON events (room_nid, ts) WHERE room_position IS NOT NULL;
CREATE INDEX events_thread ON events (thread_id, room_position) WHERE thread_id IS NOT NULL;

CREATE TABLE relations (
  target_event_id text COLLATE "C" NOT NULL,
  rel_type text COLLATE "C" NOT NULL,
  event_nid bigint NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  sender text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  key text COLLATE "C",
  ts bigint NOT NULL,
  PRIMARY KEY (target_event_id, rel_type, event_nid)
);

CREATE TABLE gaps (
  room_nid bigint NOT NULL,
  below bigint NOT NULL,
  above bigint NOT NULL,
  missing text[] COLLATE "C" NOT NULL,
  PRIMARY KEY (room_nid, below)
);
COMMENT ON TABLE gaps IS 'Holes of room positions between below and above (both taken), and the ids of events known to lie in them.';

CREATE TABLE backward_extremities (
  room_nid bigint NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (room_nid, event_id)
);

CREATE TABLE state_keys (
  state_key_nid bigint PRIMARY KEY,
  type text COLLATE "C" NOT NULL,
  state_key text COLLATE "C" NOT NULL,
  CONSTRAINT state_keys_key UNIQUE (type, state_key)
);

CREATE TABLE state_chains (
  chain_id bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  parent_chain bigint,
  parent_sequence bigint,
  level smallint NOT NULL
);
CREATE INDEX state_chains_room ON state_chains (room_nid);
COMMENT ON COLUMN state_chains.level IS 'Number of ancestors, at most 4.';

CREATE TABLE state_deltas (
  chain_id bigint NOT NULL,
  state_key_nid bigint NOT NULL,
  sequence bigint NOT NULL,
  event_nid bigint,
  position bigint,
  head_version bigint,
  PRIMARY KEY (chain_id, state_key_nid, sequence) INCLUDE (event_nid)
);
CREATE INDEX state_deltas_sequence ON state_deltas (chain_id, sequence) INCLUDE (state_key_nid, event_nid);
CREATE INDEX state_deltas_position ON state_deltas (position) WHERE position IS NOT NULL;
COMMENT ON COLUMN state_deltas.event_nid IS 'NULL: the key has no event from here on.';
COMMENT ON COLUMN state_deltas.position IS 'Set where resolution, not the event itself, changed the current state.';

CREATE TABLE current_state (
  room_nid bigint NOT NULL,
  state_key_nid bigint NOT NULL,
  event_nid bigint NOT NULL,
  is_member boolean NOT NULL,
  PRIMARY KEY (room_nid, state_key_nid)
) WITH (fillfactor = 80);
CREATE INDEX current_state_plain ON current_state (room_nid) INCLUDE (state_key_nid, event_nid) WHERE NOT is_member;

CREATE TABLE members (
  room_nid bigint NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  server text COLLATE "C" NOT NULL,
  membership text COLLATE "C" NOT NULL,
  event_nid bigint,
  event_id text COLLATE "C",
  sender text COLLATE "C" NOT NULL,
  displayname text,
  avatar_url text,
  room_position bigint NOT NULL,
  position bigint NOT NULL,
  stripped_state bytea,
  forgotten boolean NOT NULL DEFAULT false,
  level smallint NOT NULL DEFAULT 0,
  level_since bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (room_nid, user_id)
) WITH (fillfactor = 80);
CREATE INDEX members_user ON members (user_id, room_nid);
CREATE INDEX members_server ON members (room_nid, server) WHERE membership = 'join';
CREATE INDEX members_of_server ON members (server, room_nid) WHERE membership = 'join';
COMMENT ON COLUMN members.stripped_state IS 'JSON list that came with an invite or knock of a room this server is not in.';
COMMENT ON COLUMN members.level IS '0 as the rules say, 1 mentions only, 2 muted; since room position level_since.';

CREATE TABLE member_changes (
  position bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  user_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE member_changes IS 'Memberships that changed without an event of the room; pruned.';

CREATE TABLE client_txns (
  user_nid bigint NOT NULL,
  device_nid bigint NOT NULL,
  room_nid bigint NOT NULL,
  path_hash bigint NOT NULL,
  txn_id text COLLATE "C" NOT NULL,
  event_nid bigint NOT NULL,
  created timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_nid, device_nid, room_nid, path_hash, txn_id)
) WITH (vacuum_truncate = off);
CREATE INDEX client_txns_event ON client_txns (event_nid);
COMMENT ON COLUMN client_txns.device_nid IS '0: no device.';
COMMENT ON TABLE client_txns IS 'A repeated transaction id answers with the first event. Pruned after a day.';

CREATE TABLE mentions (
  user_id text COLLATE "C" NOT NULL,
  room_nid bigint NOT NULL,
  room_position bigint NOT NULL,
  notify boolean NOT NULL,
  highlight boolean NOT NULL,
  thread_id text COLLATE "C",
  PRIMARY KEY (user_id, room_nid, room_position)
);
COMMENT ON TABLE mentions IS 'Only where a member''s push result differs from the flag of the event, or highlights.';
