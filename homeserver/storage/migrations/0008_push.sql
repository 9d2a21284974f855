-- Pushers, and what waits to be sent by each.

CREATE TABLE pushers (
  pusher_nid bigint PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  app_id text COLLATE "C" NOT NULL,
  pushkey text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  app_display_name text NOT NULL,
  device_display_name text NOT NULL,
  profile_tag text,
  lang text NOT NULL,
  data bytea NOT NULL,
  is_enabled boolean NOT NULL DEFAULT true,
  device_id text COLLATE "C",
  session_nid bigint NOT NULL,
  set_ts bigint NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  retry_ts bigint NOT NULL DEFAULT 0,
  CONSTRAINT pushers_key UNIQUE (app_id, pushkey, user_id)
) WITH (fillfactor = 80);
CREATE INDEX pushers_user ON pushers (user_id);
COMMENT ON COLUMN pushers.data IS 'JSON.';
COMMENT ON COLUMN pushers.session_nid IS 'The session that set it: without that it counts no more, and is pruned. 0: of an application service.';

CREATE TABLE push_queue (
  pusher_nid bigint NOT NULL,
  position bigint NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  is_invite boolean NOT NULL,
  tweaks bytea NOT NULL,
  created_ts bigint NOT NULL,
  PRIMARY KEY (pusher_nid, position)
) WITH (vacuum_truncate = off);
COMMENT ON TABLE push_queue IS 'Notifications to be sent, in order; a row goes when its gateway took it.';
