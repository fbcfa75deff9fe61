"""The checker for other people's servers: does an API keep the promise of its idempotency keys?"""
