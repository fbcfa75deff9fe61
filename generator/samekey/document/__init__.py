"""The document: its text, its values and references, overlays, and what is found on the way."""
