"""Attempts on the wire, through httpx."""
