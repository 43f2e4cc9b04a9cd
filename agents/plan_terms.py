"""The terms of the bilinear scorer (agents.bilinear) in torch, for batches: float64 in and out, so that choices equal the kernel's."""

import torch

from agents.bilinear import (
    A_MINUTE,
    AT_EASE,
    BUSY,
    FREE,
    FULL,
    KBIT_IN_GBIT,
    LONG,
    LONGEST_MIN,
    MARGIN,
    MODEL,
    MOST_GBIT,
    ORIGIN,
    RESIDENT,
    SHORT,
    TO_CONTACT,
    TO_ECLIPSE,
    TO_USER,
)
from agents.scoring import (
    BACKLOG,
    CHARGE_MARGIN,
    DELIVERY,
    ENERGY,
    EVICTED,
    FINISH,
    IN_HOPS,
    INPUT,
    LANES,
    LOAD,
    LOG_LARGEST,
    LOG_LONGEST,
    ON_TIME,
    OUT_HOPS,
    PIVOT,
    PRESENT,
    RESULT,
    SATELLITE,
    SERVICE,
    SLACK,
    START,
    SUNLIT,
    TEMPERATURE,
    VALUE,
    WORK,
)


def minutes(column: torch.Tensor) -> torch.Tensor:
    """Minutes behind a time column."""
    return torch.expm1(column * LOG_LONGEST) / 60.0


def features(task: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
    """FEATURES of every row, (batch, n, P), from task (batch, T) and nodes (batch, n, F)."""
    row = nodes.unbind(dim=-1)
    backlog_min = minutes(row[BACKLOG])
    taken_min = task[:, None, LANES] * minutes(task[:, None, SERVICE]) + row[LOAD]
    energy = row[ENERGY] * row[SATELLITE]
    columns = (
        torch.ones_like(row[DELIVERY]),
        row[DELIVERY],
        row[BACKLOG],
        row[LOAD],
        row[EVICTED],
        (minutes(row[FINISH]) - backlog_min).clamp(min=0.0),
        row[SATELLITE],
        energy * (1.0 - row[SUNLIT]),
        1.0 - row[CHARGE_MARGIN],
        row[IN_HOPS] * task[:, None, INPUT] + row[OUT_HOPS] * task[:, None, RESULT],
        torch.log(task[:, None, VALUE].clamp(min=1e-6) / taken_min.clamp(min=1e-6)),
        row[WORK],
        (minutes(row[START]) - backlog_min - row[LOAD]).clamp(0.0, LONGEST_MIN) / LONGEST_MIN,
        row[TEMPERATURE],
        row[BUSY],
        row[FREE],
        row[TO_CONTACT],
        row[DELIVERY] - row[FINISH],
        row[MARGIN],
        row[TO_ECLIPSE],
        energy,
        row[ORIGIN],
        row[RESIDENT],
    )
    return torch.stack(columns, dim=-1)


def setting(task: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
    """SETTING of every decision, (batch, M), from task (batch, T) and nodes (batch, n, F)."""
    row = nodes.unbind(dim=-1)
    present = (row[PRESENT] > 0.5).to(nodes.dtype)
    flies = flying(nodes).to(nodes.dtype)
    share = flies / flies.sum(dim=1, keepdim=True).clamp(min=1.0)
    work = (row[WORK] * share).sum(dim=1)
    asked = task[:, LONG]
    lax = (task[:, SLACK] > PIVOT).to(nodes.dtype)
    columns = (
        torch.ones_like(work),
        1.0 - task[:, SLACK],
        (task[:, LANES] > 0.99).to(nodes.dtype),
        task[:, TO_USER],
        task[:, MODEL],
        task[:, VALUE],
        work,
        ((1.0 - row[CHARGE_MARGIN]) * share).sum(dim=1),
        (row[RESIDENT] * share).sum(dim=1),
        (row[ON_TIME] * present).sum(dim=1) / present.sum(dim=1).clamp(min=1.0),
        row[BACKLOG].masked_fill(flies < 0.5, 1.0).amin(dim=1),
        (row[SUNLIT] * share).sum(dim=1),
        task[:, SHORT],
        asked,
        (asked - AT_EASE).clamp(min=0.0),
        work * (asked - AT_EASE).clamp(min=0.0),
        *way_down(task, nodes),
        lax,
        lax * (asked - FULL),
    )
    return torch.stack(columns, dim=-1)


def flying(nodes: torch.Tensor) -> torch.Tensor:
    """Rows of satellites, (batch, n) bool."""
    return (nodes[..., PRESENT] > 0.5) & (nodes[..., SATELLITE] > 0.5)


def way_down(task: torch.Tensor, nodes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The settings `result`, `down_wait` and `result_waits`, (batch,) each."""
    row, flies = nodes.unbind(dim=-1), flying(nodes)
    result = (torch.expm1(task[:, RESULT] * LOG_LARGEST) / KBIT_IN_GBIT).clamp(max=MOST_GBIT)
    contact_min = minutes(row[TO_CONTACT].masked_fill(~flies, 1.0).amin(dim=1, keepdim=True))
    wait_min = (minutes(row[DELIVERY]) - torch.maximum(minutes(row[FINISH]), contact_min)).clamp(min=0.0)
    lands = flies & (row[DELIVERY] > 0.0)
    wait = (torch.log1p(60.0 * wait_min) / LOG_LONGEST).masked_fill(~lands, 1.0).amin(dim=1)
    return result, wait, result * (wait - A_MINUTE)
