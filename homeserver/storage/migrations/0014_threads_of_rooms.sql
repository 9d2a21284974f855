-- The threads of one room, for the list of threads.
CREATE INDEX events_room_threads ON events (room_nid, thread_id, room_position)
 WHERE thread_id IS NOT NULL AND room_position IS NOT NULL;
