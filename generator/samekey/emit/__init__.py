"""IR and names to flat views that templates print: modules, imports, order and every piece of source."""

from samekey.emit.package import plan

__all__ = ["plan"]
