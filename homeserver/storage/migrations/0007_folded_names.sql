-- Names compared without case and accents, whatever the locale of the database is.

DO $$
DECLARE
  best text := (
    SELECT quote_ident(collname)
      FROM pg_collation
     WHERE collname IN ('pg_c_utf8', 'und-x-icu', 'C.utf8')
     ORDER BY array_position(ARRAY['pg_c_utf8', 'und-x-icu', 'C.utf8']::name[], collname)
     LIMIT 1);
BEGIN
  EXECUTE format(
    $sql$
    CREATE FUNCTION folded(name text) RETURNS text
      LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      RETURN normalize(regexp_replace(lower(normalize(name, NFKD) COLLATE %s), '[\u0300-\u036f]', '', 'g'), NFKC) COLLATE "C"
    $sql$,
    coalesce(best, '"default"'));
END
$$;
COMMENT ON FUNCTION folded(text) IS 'For comparing names: both sides go through it.';
