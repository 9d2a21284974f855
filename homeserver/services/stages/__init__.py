"""Stages of user-interactive authentication that need no account: documents agreed to, captchas."""
