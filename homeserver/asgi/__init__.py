"""The door frame of both HTTP adapters: raw-path dispatch, limits and deadlines, CORS, errors, static files."""
