"""Licences: the identifiers that packages name them by (SPDX), the names that people write, and the texts of five."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

_TEXTS: Final = ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT")
"""Those whose text samekey has."""
KNOWN: Final = (
    *_TEXTS, "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Artistic-2.0", "BSL-1.0", "BUSL-1.1", "CC-BY-4.0",
    "CC-BY-SA-4.0", "CC0-1.0", "EPL-2.0", "EUPL-1.2", "Elastic-2.0", "GPL-2.0-only", "GPL-2.0-or-later",
    "GPL-3.0-only", "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later",
    "MPL-2.0", "MS-PL", "MulanPSL-2.0", "NCSA", "ODbL-1.0", "OSL-3.0", "PostgreSQL", "Unlicense", "WTFPL", "Zlib",
)  # fmt: skip
"""Identifiers of the SPDX list; any other licence is `LicenseRef-` and a name of one's own."""
_OWN: Final = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_OPERATORS: Final = re.compile(r"\s+(AND|OR)\s+")
_SPELLINGS: Final = {
    "apache": "Apache-2.0", "apache 2": "Apache-2.0", "apache software 2.0": "Apache-2.0", "asl 2.0": "Apache-2.0",
    "expat": "MIT", "x11 mit": "MIT", "bsd": "BSD-3-Clause", "new bsd": "BSD-3-Clause", "modified bsd": "BSD-3-Clause",
    "bsd 3": "BSD-3-Clause", "bsd 2": "BSD-2-Clause", "simplified bsd": "BSD-2-Clause", "gpl 2.0": "GPL-2.0-only",
    "gpl 3.0": "GPL-3.0-only", "gpl 2": "GPL-2.0-only", "gpl 3": "GPL-3.0-only", "agpl 3": "AGPL-3.0-only",
    "lgpl 3": "LGPL-3.0-only", "gplv2": "GPL-2.0-only", "gplv3": "GPL-3.0-only", "agpl 3.0": "AGPL-3.0-only",
    "agplv3": "AGPL-3.0-only", "lgpl 3.0": "LGPL-3.0-only", "lgplv3": "LGPL-3.0-only", "mpl 2": "MPL-2.0",
    "mozilla public 2.0": "MPL-2.0", "cc0": "CC0-1.0", "cc by 4.0": "CC-BY-4.0", "cc by sa 4.0": "CC-BY-SA-4.0",
    "creative commons attribution 4.0 international": "CC-BY-4.0", "public domain": "CC0-1.0",
}  # fmt: skip
"""What people write in documents, without words such as `The … License, Version`."""
_NOISE: Final = re.compile(r"\b(the|license|licence|licensed|under|version|clause)\b|[^a-z0-9.]+")


def licence_id(text: str) -> str:
    """Return the SPDX identifier of a licence that somebody named; empty where it is none that is known."""
    said = text.strip()
    exact = next((known for known in KNOWN if known.lower() == said.lower()), "")
    if exact or _OWN.fullmatch(said):
        return exact or said
    plain = _plain(re.sub(r"\bv(?=[0-9])", "", said.lower()))
    spelled = {_plain(known.lower()): known for known in KNOWN}
    return spelled.get(plain) or _SPELLINGS.get(plain, "")


def licence_expression(text: str) -> str:
    """Return an SPDX expression of known licences as it is spelled, such as `MIT OR Apache-2.0`; empty for none."""
    parts = _OPERATORS.split(text.strip())
    names = [licence_id(part) for part in parts[::2]]
    if not all(names) or not text.strip():
        return ""
    return " ".join(name for pair in zip(names, [*parts[1::2], ""], strict=True) for name in pair).strip()


def licence_text(identifier: str, holder: str) -> str:
    """Return the text of a licence; empty where samekey has none.

    Args:
        identifier: the SPDX identifier.
        holder: who has the copyright, on one line, with the years if they are wanted.
    """
    if identifier not in _TEXTS:
        return ""
    text = (files("samekey_templates") / "licences" / f"{identifier}.txt").read_text("utf-8")
    return text.replace("{holder}", holder)


def _plain(text: str) -> str:
    return " ".join(_NOISE.sub(" ", text).split())
