"""A marked secret in every place of an SDK, every kind of failure, and a look at everything that is written of it."""
