-- Peers: their keys, what is queued for them, what came from them; and the leases of background work.

CREATE TABLE destinations (
  server text COLLATE "C" PRIMARY KEY,
  cursor bigint NOT NULL,
  retry_ts bigint NOT NULL DEFAULT 0,
  failing_since_ts bigint,
  failures integer NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
COMMENT ON COLUMN destinations.cursor IS 'Everything of the stream up to here was delivered or is not for this server.';

CREATE TABLE outbound_edus (
  server text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  edu_type text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (server, position)
) WITH (vacuum_truncate = off);
CREATE INDEX outbound_edus_position ON outbound_edus (position);

CREATE TABLE server_keys (
  server text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  verify_key bytea NOT NULL,
  valid_until_ts bigint NOT NULL,
  fetched_ts bigint NOT NULL,
  response bytea,
  PRIMARY KEY (server, key_id)
);
COMMENT ON COLUMN server_keys.response IS 'The signed JSON the key came in, for the notary.';

CREATE TABLE inbound_txns (
  origin text COLLATE "C" NOT NULL,
  txn_id text COLLATE "C" NOT NULL,
  response bytea NOT NULL,
  received_ts bigint NOT NULL,
  PRIMARY KEY (origin, txn_id)
) WITH (vacuum_truncate = off);
CREATE INDEX inbound_txns_received ON inbound_txns (received_ts);

CREATE TABLE inbound_staging (
  room_nid bigint NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  origin text COLLATE "C" NOT NULL,
  pdu bytea NOT NULL,
  received_ts bigint NOT NULL,
  position bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  claimed_by text COLLATE "C",
  claimed_until_ts bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (room_nid, event_id)
) WITH (vacuum_truncate = off, fillfactor = 80);
CREATE INDEX inbound_staging_position ON inbound_staging (position);
COMMENT ON COLUMN inbound_staging.claimed_until_ts IS 'A claim holds for a room; it ends by itself when its process dies.';

CREATE TABLE leases (
  name text COLLATE "C" PRIMARY KEY,
  owner text COLLATE "C" NOT NULL,
  expires timestamptz NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE cursors (
  name text COLLATE "C" PRIMARY KEY,
  position bigint NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE cursors IS 'Followers of the stream that keep no rows elsewhere: push, bridges, the search index.';

CREATE TABLE jobs (
  name text COLLATE "C" PRIMARY KEY,
  step bytea NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  total bigint,
  finished_ts bigint
);
COMMENT ON COLUMN jobs.step IS 'JSON: where to go on after a restart.';
