"""IR and names to flat views that templates print: modules, imports, order and every piece of source."""

from samekey.plan.package import plan

__all__ = ["plan"]
