"""Single sign-on: people prove themselves to another service, in their browser."""
