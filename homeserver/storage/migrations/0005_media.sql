-- The media repository: what an mxc:// URI leads to, the files behind them, and the thumbnails made of files.

CREATE TABLE media_files (
  hash bytea PRIMARY KEY,
  store_key text COLLATE "C" NOT NULL,
  size bigint NOT NULL,
  uses integer NOT NULL,
  quarantined_by text COLLATE "C"
);
COMMENT ON COLUMN media_files.hash IS 'SHA-256 of the bytes: equal uploads share one file.';
COMMENT ON COLUMN media_files.uses IS 'Rows of media with this hash; without any the file may go.';
COMMENT ON COLUMN media_files.quarantined_by IS 'The admin who forbade it, under this and every other URI.';

CREATE TABLE media (
  server text COLLATE "C" NOT NULL,
  media_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C",
  hash bytea,
  size bigint NOT NULL DEFAULT 0,
  content_type text NOT NULL DEFAULT 'application/octet-stream',
  filename text,
  created_ts bigint NOT NULL,
  read_ts bigint NOT NULL,
  expires_ts bigint,
  CONSTRAINT media_server_id PRIMARY KEY (server, media_id)
);
CREATE INDEX media_user ON media (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX media_hash ON media (hash) WHERE hash IS NOT NULL;
CREATE INDEX media_remote_read ON media (read_ts) WHERE user_id IS NULL;
CREATE INDEX media_expires ON media (expires_ts) WHERE expires_ts IS NOT NULL;
COMMENT ON COLUMN media.user_id IS 'Who uploaded it here; absent: a copy of another server''s.';
COMMENT ON COLUMN media.hash IS 'Absent until something is uploaded to a URI that was created before.';
COMMENT ON COLUMN media.read_ts IS 'Last use, to the day: what the copies of others are dropped by.';
COMMENT ON COLUMN media.expires_ts IS 'When a created URI to which nothing was uploaded ends.';

CREATE TABLE media_thumbnails (
  hash bytea NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  method text COLLATE "C" NOT NULL,
  animated boolean NOT NULL,
  store_key text COLLATE "C",
  size bigint NOT NULL,
  content_type text NOT NULL,
  CONSTRAINT media_thumbnails_size PRIMARY KEY (hash, width, height, method, animated)
);
COMMENT ON COLUMN media_thumbnails.store_key IS 'Absent: the file itself is small enough.';
