-- What users report, tokens that prove who somebody is, rooms that are closed to this server, rooms that were deleted.

CREATE TABLE event_reports (
  report_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reporter text COLLATE "C" NOT NULL,
  room_id text COLLATE "C",
  event_id text COLLATE "C",
  user_id text COLLATE "C",
  reason text,
  score integer,
  received_ts bigint NOT NULL
);
COMMENT ON TABLE event_reports IS 'Of events (room_id, event_id and user_id, their sender), of rooms (room_id alone), of users (user_id alone).';

CREATE TABLE openid_tokens (
  token_hash bytea PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  expires_ts bigint NOT NULL
);
CREATE INDEX openid_tokens_expires ON openid_tokens (expires_ts);

CREATE TABLE blocked_rooms (
  room_id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  created_ts bigint NOT NULL
);
COMMENT ON TABLE blocked_rooms IS 'Nobody here joins them or is invited to them; user_id: the admin who said so.';

CREATE TABLE room_purges (
  position bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  room_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE room_purges IS 'Rooms whose content was deleted: for caches of other processes; pruned.';
CREATE INDEX events_hidden ON events (room_nid) WHERE room_position IS NULL;

CREATE TABLE server_notice_rooms (
  user_id text COLLATE "C" PRIMARY KEY,
  room_id text COLLATE "C" NOT NULL
);
