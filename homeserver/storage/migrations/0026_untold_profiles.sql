-- Names and pictures that changed and are not in all rooms of their users yet.

CREATE TABLE untold_profiles (
  user_id text COLLATE "C" PRIMARY KEY,
  change uuid NOT NULL DEFAULT gen_random_uuid()
);
COMMENT ON COLUMN untold_profiles.change IS 'Another one for each change: who told of an older one does not take the newer one away.';
