"""Tests of Hearth; nothing imports them."""
