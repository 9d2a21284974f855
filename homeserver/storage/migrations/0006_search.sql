-- The search index: a document for each message that can be found, in eras of some thousand documents of a room.

CREATE TABLE search_eras (
  room_nid bigint NOT NULL,
  era integer NOT NULL,
  first_ts bigint NOT NULL,
  last_ts bigint NOT NULL,
  documents integer NOT NULL,
  PRIMARY KEY (room_nid, era)
) WITH (fillfactor = 70);
COMMENT ON TABLE search_eras IS 'Stretches of time of a room, looked into newest first.';
COMMENT ON COLUMN search_eras.first_ts IS 'Documents from here on belong to it, until the next era begins.';

CREATE TABLE search_documents (
  event_nid bigint PRIMARY KEY,
  room_nid bigint NOT NULL,
  era integer NOT NULL,
  ts bigint NOT NULL,
  kind smallint NOT NULL,
  grams integer[] NOT NULL
);
COMMENT ON COLUMN search_documents.kind IS '1 a message, 2 the name of a room, 3 its topic.';
COMMENT ON COLUMN search_documents.grams IS 'Hashes of what it is found by, each mixed with the number of its room and era: one probe finds what fits in one era.';
-- Without the pending list: every probe would read it from end to end.
CREATE INDEX search_documents_grams ON search_documents USING gin (grams) WITH (fastupdate = off);
CREATE INDEX search_documents_newest ON search_documents (room_nid, era, ts, event_nid);
COMMENT ON INDEX search_documents_newest IS 'Common words are looked for in the newest documents themselves: the other index would name too many.';
