"""The only sockets to strangers: DNS, TLS and HTTP, with every address checked where the socket connects."""
