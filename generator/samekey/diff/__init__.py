"""What a new SDK changes for those who use the old one: over what they see of it, never over a document's text."""

from samekey.diff.kinds import CHANGE_RULES, ChangeKind, ChangeSection, SdkChange
from samekey.diff.report import ChangeReport, report_changes
from samekey.diff.seen import surface_of
from samekey.diff.surface import SURFACE, Surface, SurfaceError, read_surface, spell_surface

__all__ = [
    "CHANGE_RULES",
    "SURFACE",
    "ChangeKind",
    "ChangeReport",
    "ChangeSection",
    "SdkChange",
    "Surface",
    "SurfaceError",
    "read_surface",
    "report_changes",
    "spell_surface",
    "surface_of",
]
