-- What application services are owed, and their part of the room directory.

CREATE TABLE appservice_queues (
  appservice_id text COLLATE "C" PRIMARY KEY,
  position bigint NOT NULL,
  txn_id bigint NOT NULL DEFAULT 0,
  body bytea
) WITH (fillfactor = 70);
COMMENT ON COLUMN appservice_queues.position IS 'Of the stream: everything up to here was sent, is in `body`, or is of no interest.';
COMMENT ON COLUMN appservice_queues.body IS 'The transaction on its way (JSON): a repeat has the same id and the same content. NULL: all has arrived.';
ALTER TABLE appservice_queues ALTER body SET STORAGE EXTERNAL;

CREATE TABLE appservice_rooms (
  appservice_id text COLLATE "C" NOT NULL,
  network_id text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (appservice_id, network_id, room_id)
);
COMMENT ON TABLE appservice_rooms IS 'Rooms published for a third-party network.';
