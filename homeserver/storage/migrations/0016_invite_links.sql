-- Links by which people come into a room, and who came by them.

CREATE TABLE invite_links (
  token text COLLATE "C" PRIMARY KEY,
  room_id text COLLATE "C" NOT NULL,
  creator text COLLATE "C" NOT NULL,
  name text NOT NULL,
  created_ts bigint NOT NULL,
  expires_ts bigint,
  max_uses integer,
  uses integer NOT NULL DEFAULT 0,
  approval boolean NOT NULL
);
CREATE INDEX invite_links_room ON invite_links (room_id);
COMMENT ON COLUMN invite_links.creator IS 'In whose name those who come are invited.';
COMMENT ON COLUMN invite_links.approval IS 'Who comes by it asks to be let in.';

CREATE TABLE invite_link_uses (
  token text COLLATE "C" NOT NULL REFERENCES invite_links (token) ON DELETE CASCADE,
  user_id text COLLATE "C" NOT NULL,
  ts bigint NOT NULL,
  CONSTRAINT invite_link_uses_user PRIMARY KEY (token, user_id)
);
