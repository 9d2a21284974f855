"""Addresses of people (mail, phone): proving that they are theirs. Security: S-12, S-15."""
