"""What users' tests import to run a sandbox: a name that stays, wherever the code moves."""

from samekey.sandbox.server.serving import Running, in_thread, running, serve

__all__ = ["Running", "in_thread", "running", "serve"]
