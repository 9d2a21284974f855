ALTER TABLE destinations ADD COLUMN last_error text;
COMMENT ON COLUMN destinations.last_error IS 'Why the last request failed; stays until the peer answers.';
