"""An SDK of another generator, whoever made it: by its source, or by its generator's config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from samekey.adopt.configs import is_config, read_config_of
from samekey.adopt.flat import read_modules, read_services
from samekey.adopt.known import AdoptError, Generator, OtherSdk
from samekey.adopt.package import find_package, read_package
from samekey.adopt.tree import read_tree

if TYPE_CHECKING:
    from samekey.adopt.package import Package
    from samekey.document.diagnostics import Diagnostics


def read_sdk(source: str, diagnostics: Diagnostics) -> OtherSdk:
    """Read an SDK of another generator; nothing of it is imported or run.

    Args:
        source: the folder of a package or project, the name of an installed package, or the config of its generator.
        diagnostics: the sink for what is wrong in a config.

    Raises:
        AdoptError: it cannot be read, or no generator that is known made it.
    """
    if is_config(Path(source)):
        return read_config_of(Path(source), diagnostics)
    package = read_package(find_package(source))
    generator = generator_of(package)
    match generator:
        case Generator.STAINLESS | Generator.FERN | Generator.SPEAKEASY:
            return read_tree(package, generator)
        case Generator.OPENAPI_GENERATOR:
            return read_services(package)
        case Generator.OPENAPI_PYTHON_CLIENT:
            return read_modules(package)
        case None:
            raise AdoptError(
                f"no generator that is known made {package.folder}: its source can be read where "
                f"{', '.join(entry.value for entry in Generator)} wrote it"
            )
        case _:
            assert_never(generator)


def generator_of(package: Package) -> Generator | None:
    """Return who made a package, by the modules that they always write; None where nobody known did."""
    if package.has("_base_client") and package.has("_client"):
        return Generator.STAINLESS
    if package.has("core.client_wrapper"):
        return Generator.FERN
    if package.has("basesdk") and package.has("sdk"):
        return Generator.SPEAKEASY
    if package.has("api_client") and package.has("rest"):
        return Generator.OPENAPI_GENERATOR
    if package.has("client") and package.has("types") and package.has("api"):
        return Generator.OPENAPI_PYTHON_CLIENT
    return None
