"""Credentials, and tokens that are fetched."""
