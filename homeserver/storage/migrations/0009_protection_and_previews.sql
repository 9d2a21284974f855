-- Files that admins keep from being forbidden together with others; what linked pages say of themselves.

ALTER TABLE media ADD COLUMN is_protected boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN media.is_protected IS 'Not forbidden when all files of its user or of a room are.';

CREATE TABLE url_previews (
  url_hash bytea PRIMARY KEY,
  fetched_ts bigint NOT NULL,
  expires_ts bigint NOT NULL,
  preview bytea
);
CREATE INDEX url_previews_expires ON url_previews (expires_ts);
COMMENT ON COLUMN url_previews.url_hash IS 'SHA-256 of the URL.';
COMMENT ON COLUMN url_previews.preview IS 'JSON; absent: nothing could be fetched.';
