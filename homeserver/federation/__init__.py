"""Server-Server API: `client` asks peers, `server` answers them, `sender` brings them what happens here."""
