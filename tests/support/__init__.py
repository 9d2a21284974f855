"""What tests share: a PostgreSQL cluster, a Redis server, a browser, server processes."""
