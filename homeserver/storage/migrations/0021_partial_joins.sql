-- Rooms that were joined before all their members were told: what is still to be fetched, and from whom.

CREATE TABLE partial_joins (
  room_nid bigint PRIMARY KEY,
  event_id text COLLATE "C" NOT NULL,
  via text NOT NULL,
  servers text NOT NULL,
  is_whole boolean NOT NULL,
  position bigint NOT NULL,
  done integer NOT NULL DEFAULT 0,
  total integer
);
CREATE INDEX partial_joins_position ON partial_joins (position);
CREATE INDEX partial_joins_open ON partial_joins (room_nid) WHERE NOT is_whole;
COMMENT ON COLUMN partial_joins.event_id IS 'The join of ours before which the state is fetched.';
COMMENT ON COLUMN partial_joins.via IS 'The server that took the join.';
COMMENT ON COLUMN partial_joins.servers IS 'JSON list: the servers that are in the room, as that server told.';
COMMENT ON COLUMN partial_joins.total IS 'Entries of the whole state; NULL: not known yet.';
