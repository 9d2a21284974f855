-- Whom the stream notifies is known from the first moment of a server on, also when that dies before it has looked.
INSERT INTO cursors (name, position)
SELECT 'push', max(position)
  FROM stream
    ON CONFLICT DO NOTHING;
