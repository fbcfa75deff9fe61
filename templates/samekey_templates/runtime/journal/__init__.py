"""Calls that are written down before they are sent."""
