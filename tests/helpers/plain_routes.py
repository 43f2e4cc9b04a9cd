"""Transfers in plain Python, one contact and one gap after another: what route searches are
compared with.
"""

import math
from collections.abc import Sequence

from tests.helpers.small_world import Contact


def transfer_end_s(contact: Contact, start_s: float, bits: float) -> float:
    """When a transfer begun at start_s ends, rate after rate.

    Infinity if the contact is too short.
    """
    bounds_s = [piece[0] for piece in contact.rate_segments[1:]] + [contact.end_s]
    time_s = start_s
    for (_, rate_bps), until_s in zip(contact.rate_segments, bounds_s, strict=True):
        if until_s <= time_s:
            continue
        if bits <= rate_bps * (until_s - time_s):
            return time_s + bits / rate_bps
        bits -= rate_bps * (until_s - time_s)
        time_s = until_s
    return math.inf


def first_gap_end_s(
    contacts: Sequence[Contact], busy: Sequence[tuple[float, float]], ready_s: float, bits: float
) -> float:
    """End of the first gap that takes the bundle: every instant at which a gap can begin is tried,
    in order.
    """
    for contact in contacts:
        earliest_s = max(ready_s, contact.rate_segments[0][0])
        for start_s in sorted(
            [earliest_s, *(end_s for _, end_s in busy if earliest_s < end_s <= contact.end_s)]
        ):
            end_s = transfer_end_s(contact, start_s, bits)
            if end_s < math.inf and all(b <= start_s or end_s <= a for a, b in busy):
                return end_s
    return math.inf
