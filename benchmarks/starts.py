"""What it costs to start: importing an SDK, and its first call, against httpx; each in a process of its own."""

from __future__ import annotations

from typing import Final

from benchmarks.documents import BODY
from benchmarks.measure import Row, Spread, compared, spread, tell
from benchmarks.processes import ROUNDS, imports, timed
from benchmarks.server import serving

_BY_HAND: Final = """
import httpx, uuid
client = httpx.Client(base_url={url!r}, headers={{"Authorization": "Bearer t"}})
client.post("/charges", json={body!r}, headers={{"Idempotency-Key": str(uuid.uuid4())}}).json()
"""
_OURS: Final = """
from acme_payments import AcmePayments
client = AcmePayments(base_url={url!r}, token="t")
client.charges.create(**{body!r})
"""


def first_calls(url: str) -> list[Row]:
    """Measure import, client and first call, and the memory that they take."""
    ours, theirs = (code.format(url=url, body=BODY) for code in (_OURS, _BY_HAND))
    timed(ours)
    pairs = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
    times = compared("the first call, import included", "httpx by hand", 1.10, [(a[:2], b[:2]) for a, b in pairs], "ms")
    more: Spread = spread([(mine[2] - other[2]) / 1024 for mine, other in pairs])
    peaks = [sorted(pair[side][2] for pair in pairs)[ROUNDS // 2] / 1024 for side in (0, 1)]
    note = f"peak {peaks[0]:.1f} MB of {peaks[1]:.1f} MB; the figure is MB more"
    return [times, Row("the same, memory", "httpx by hand", 4.0, more, note=note)]


if __name__ == "__main__":
    with serving() as address:
        tell([*imports({"bench": 0.50, "acme_payments": 0.50}), *first_calls(address)])
