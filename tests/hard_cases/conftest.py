"""The generated SDKs, each made once per run, and an environment without credentials."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from .sdk import SPECS, TOPICS, Sdk, make


@pytest.fixture(scope="session")
def sdk_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sdk]:
    """Gives the SDK of a topic, generated when it is first asked for."""
    made: dict[str, Sdk] = {}

    def of(topic: str) -> Sdk:
        assert topic in TOPICS
        if topic not in made:
            made[topic] = make(SPECS / topic / "openapi.yaml", tmp_path_factory.mktemp(topic))
        return made[topic]

    return of


@pytest.fixture
def sdk(request: pytest.FixtureRequest, sdk_of: Callable[[str], Sdk]) -> Sdk:
    """The SDK of the topic that a test module names in `TOPIC`."""
    return sdk_of(vars(sys.modules[request.function.__module__])["TOPIC"])
