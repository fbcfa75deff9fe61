"""The promise of idempotency: which key a request bears, and what is remembered of it."""
