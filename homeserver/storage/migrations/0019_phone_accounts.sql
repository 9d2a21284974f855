-- How people who sign in by phone want it.
CREATE TABLE phone_accounts (
  user_id text COLLATE "C" PRIMARY KEY,
  second_factor boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN phone_accounts.second_factor IS 'Whether the password is asked for after the code.';
