"""The statements that read the state at any point of a room: whole, under some keys, or where points differ."""

# Parents, changes, keys and events are looked up one by one (LIMIT, OFFSET): joined freely, those of all rooms would
# be read.
_UP = """WITH RECURSIVE up(chain_id, upto, hop) AS (
  SELECT $1::int8, $2::int8, 0
   UNION ALL
  SELECT s.parent_chain, s.parent_sequence, up.hop + 1
    FROM up
   CROSS JOIN LATERAL (
         SELECT parent_chain, parent_sequence
           FROM state_chains
          WHERE chain_id = up.chain_id
            AND parent_chain IS NOT NULL
          LIMIT 1) s)"""

WHOLE = (
    _UP  # noqa: S608 - constants of this module
    + """
SELECT k.type, k.state_key, l.event_nid, e.event_id
  FROM (SELECT DISTINCT ON (d.state_key_nid) d.state_key_nid, d.event_nid
          FROM up
         CROSS JOIN LATERAL (
               SELECT state_key_nid, event_nid, sequence
                 FROM state_deltas
                WHERE chain_id = up.chain_id
                  AND sequence <= up.upto
               OFFSET 0) d
         ORDER BY d.state_key_nid, up.hop, d.sequence DESC) l
 CROSS JOIN LATERAL (SELECT type, state_key FROM state_keys WHERE state_key_nid = l.state_key_nid LIMIT 1) k
 CROSS JOIN LATERAL (SELECT event_id FROM events WHERE event_nid = l.event_nid LIMIT 1) e"""
)

UNDER_KEYS = (
    _UP  # noqa: S608 - constants of this module
    + """,
wanted AS MATERIALIZED (
  SELECT k.state_key_nid, k.type, k.state_key
    FROM unnest($3::text[], $4::text[]) AS u(type, state_key)
   CROSS JOIN LATERAL (
         SELECT s.*
           FROM state_keys s
          WHERE s.type = u.type
            AND s.state_key = u.state_key
          LIMIT 1) k)
SELECT w.type, w.state_key, l.event_nid, e.event_id
  FROM wanted w
 CROSS JOIN LATERAL (
       SELECT d.event_nid
         FROM up
        CROSS JOIN LATERAL (
              SELECT x.event_nid, x.sequence
                FROM state_deltas x
               WHERE x.chain_id = up.chain_id
                 AND x.state_key_nid = w.state_key_nid
                 AND x.sequence <= up.upto
               ORDER BY x.sequence DESC
               LIMIT 1) d
        ORDER BY up.hop
        LIMIT 1) l
  JOIN events e ON e.event_nid = l.event_nid"""
)

# `up` walks each point's chain of ancestors; a chain that all points share up to some sequence needs no look below it.
DIFFERENCE = """WITH RECURSIVE points AS MATERIALIZED (
  SELECT ord, chain_id, sequence
    FROM unnest($1::int8[], $2::int8[]) WITH ORDINALITY AS u(chain_id, sequence, ord)),
up(ord, chain_id, upto, hop) AS (
  SELECT ord, chain_id, sequence, 0
    FROM points
   UNION ALL
  SELECT up.ord, s.parent_chain, s.parent_sequence, up.hop + 1
    FROM up
   CROSS JOIN LATERAL (
         SELECT parent_chain, parent_sequence
           FROM state_chains
          WHERE chain_id = up.chain_id
            AND parent_chain IS NOT NULL
          LIMIT 1) s),
shared AS MATERIALIZED (
  SELECT chain_id, min(upto) AS upto
    FROM up
   GROUP BY chain_id
  HAVING count(DISTINCT ord) = (SELECT count(*) FROM points)),
touched AS MATERIALIZED (
  SELECT DISTINCT d.state_key_nid
    FROM (SELECT up.chain_id, max(up.upto) AS upto, coalesce(max(sh.upto), -1) AS common
            FROM up
            LEFT JOIN shared sh ON sh.chain_id = up.chain_id
           GROUP BY up.chain_id) c
   CROSS JOIN LATERAL (
         SELECT state_key_nid
           FROM state_deltas
          WHERE chain_id = c.chain_id
            AND sequence > c.common
            AND sequence <= c.upto
         OFFSET 0) d)
SELECT t.state_key_nid, k.type, k.state_key, p.ord, l.event_nid, e.event_id
  FROM touched t
 CROSS JOIN LATERAL (SELECT type, state_key FROM state_keys WHERE state_key_nid = t.state_key_nid LIMIT 1) k
 CROSS JOIN points p
  LEFT JOIN LATERAL (
       SELECT d.event_nid
         FROM up
        CROSS JOIN LATERAL (
              SELECT x.event_nid
                FROM state_deltas x
               WHERE x.chain_id = up.chain_id
                 AND x.state_key_nid = t.state_key_nid
                 AND x.sequence <= up.upto
               ORDER BY x.sequence DESC
               LIMIT 1) d
        WHERE up.ord = p.ord
        ORDER BY up.hop
        LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT event_id FROM events WHERE event_nid = l.event_nid LIMIT 1) e ON true"""
