"""The config file, and the dialect of idempotency."""
