-- Redactions that came before what they redact.

CREATE TABLE early_redactions (
  target_event_id text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  room_nid bigint NOT NULL,
  PRIMARY KEY (target_event_id, event_id)
);
CREATE INDEX early_redactions_room ON early_redactions (room_nid);
