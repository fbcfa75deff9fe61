"""The corner shop's SDK and its server, for tests of the journal."""

from tests.truth.conftest import project, sdk, shop

__all__ = ["project", "sdk", "shop"]
