"""The sandbox: an HTTP API made of a document, which keeps its promise of idempotency and fails on command."""
