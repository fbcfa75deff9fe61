"""Says how the set-up at hand is wired: which store, and whether its scope is configured."""

import os

CONFIGURED = os.environ.get("SCOPE") == "configured"
"""Whether the application gives the package its accounts, or what the set-up says besides."""
STORE = os.environ.get("STORE", "")
REDIS = os.environ.get("REDIS_URL", "")
POSTGRES = os.environ.get("POSTGRES_URL", "")
FOLDER = os.environ.get("STORE_FOLDER", "")
"""Where a store may keep files of its own, which both instances share."""
