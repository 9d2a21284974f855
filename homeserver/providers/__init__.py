"""Doors to services that an admin chooses: stores of files, senders of texts. Each fits a seam of `hooks`."""
