-- Events that are to be sent later.

CREATE TABLE delayed_events (
  delay_id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL,
  txn text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  state_key text COLLATE "C",
  content bytea NOT NULL,
  delay_ms bigint NOT NULL,
  running_since_ts bigint NOT NULL,
  due_ts bigint NOT NULL,
  CONSTRAINT delayed_events_txn UNIQUE (user_id, txn)
);
CREATE INDEX delayed_events_due ON delayed_events (due_ts);
COMMENT ON COLUMN delayed_events.txn IS 'Device, path and transaction id of the request: a repeat is the same event.';
