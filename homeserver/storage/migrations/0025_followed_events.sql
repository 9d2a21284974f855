-- Events that came to be followed before they came, by way of events that are hidden.

CREATE TABLE followed_events (
  room_nid bigint NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (room_nid, event_id)
);
COMMENT ON TABLE followed_events IS 'Parents of hidden events that accepted ones follow, where they were not here then: no forward extremities when they come.';
