"""Streams of items, and downloads."""
