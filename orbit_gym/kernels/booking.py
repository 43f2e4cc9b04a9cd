"""Book: make one plan real, and give back what has expired."""

import numpy as np

from orbit_gym.kernels.accelerator.charge_and_heat import advance_to, cache_queue_end
from orbit_gym.kernels.accelerator.lane_profile import occupy
from orbit_gym.kernels.accelerator.service import lanes_taken, resident_after_load
from orbit_gym.kernels.network.calendars import release_expired, reserve
from orbit_gym.kernels.state import MAX_HOPS, NONE, Scratch, State
from orbit_gym.utils.jit import inline_kernel
from orbit_gym.world.layout import World

RECLAIMED_PER_STEP = 16
# a choice: three bookings with the longest routes, or one and the outages of some 170 links
ROOM_CHUNKS = 512


@inline_kernel
def book(
    world: World, state: State, scratch: Scratch, tasks: np.ndarray, task: int, row: int
) -> bool:
    """Make the plan of a candidate real; Scratch.booked and Scratch.hops then hold it.

    False (and nothing changed) if there is no plan.
    """
    if state.plans[row].exists == 0:
        return False
    scratch.booking[0] = state.plans[row]
    plan = scratch.booking[0]
    for place in range(min(plan.input_hops + plan.result_hops, 2 * MAX_HOPS)):
        scratch.hops[place] = state.routes[row, place]
    _book_hops(world, state, scratch, plan.input_hops + plan.result_hops)
    if plan.by_alert == 1:
        resource = world.sizes[0].first_alert_resource + plan.node
        release_expired(state, resource, state.clock[0].time_s)
        reserve(state, resource, plan.send_s, plan.send_s + world.sizes[0].alert_interval_s)
    _book_service(world, state, tasks, task, scratch.booking)
    return True


@inline_kernel
def _share_before_end(state: State, start_s: float, end_s: float) -> float:
    """Seconds of a booking that lie before the episode's end; only they count as utilisation."""
    last_s = state.clock[0].end_s
    return min(end_s, last_s) - min(start_s, last_s)


@inline_kernel
def _book_hops(world: World, state: State, scratch: Scratch, n_hops: int) -> None:
    """Reserve the calendars of every recorded hop."""
    for place in range(min(n_hops, 2 * MAX_HOPS)):
        hop = scratch.hops[place]
        edge = world.edges[hop.edge]
        for resource in (edge.resource_a, edge.resource_b):
            if resource != NONE:
                release_expired(state, resource, state.clock[0].time_s)
                reserve(state, resource, hop.start_s, hop.end_s)
                state.used_s[resource] += _share_before_end(state, hop.start_s, hop.end_s)


@inline_kernel
def _book_service(
    world: World, state: State, tasks: np.ndarray, task: int, booking: np.ndarray
) -> None:
    """Put the load and the service into the accelerator's profile and note memory and recency."""
    plan = booking[0]
    unit = plan.accelerator
    entry = state.units[unit]
    model = tasks[task].model
    lanes = lanes_taken(world, tasks, task, unit)
    if plan.load_s > 0.0:
        entry.queue_end_resident = resident_after_load(world, state, unit, model)
        occupy(
            state,
            unit,
            plan.load_start_s,
            plan.start_s,
            world.accelerators[unit].lanes,
            entry.queue_end_resident,
        )
        entry.last_load_end_s = plan.start_s
        entry.n_loads += 1
        entry.busy_lane_s += world.accelerators[unit].lanes * _share_before_end(
            state, plan.load_start_s, plan.start_s
        )
    occupy(state, unit, plan.start_s, plan.finish_s, lanes, entry.queue_end_resident)
    if plan.updates_recency == 1 and plan.start_s > state.last_use_s[unit, model]:
        state.last_use_s[unit, model] = plan.start_s
    entry.busy_lane_s += lanes * _share_before_end(state, plan.start_s, plan.finish_s)
    cache_queue_end(world, state, unit)
    entry.energy_j += plan.energy_j


@inline_kernel
def reclaim(world: World, state: State) -> None:
    """Give expired reservations back, all of them where a pool runs low; changes nothing else.

    All calendars are walked once under a quarter of the chunks is free, and again only when half of
    what that left is used up: a walk of N calendars then pays for many steps. Below ROOM_CHUNKS,
    where a plan might be refused, every step walks them.
    """
    clock = state.clock[0]
    for _ in range(
        min(RECLAIMED_PER_STEP, state.heads.size)
    ):  # a few calendars each step, in turn: short lists are fast lists
        clock.reclaim_next = (clock.reclaim_next + 1) % state.heads.size
        release_expired(state, clock.reclaim_next, clock.time_s)
    quarter = state.chunks.size // 4
    if clock.n_free_chunks < max(ROOM_CHUNKS, quarter - clock.reclaim_spared):
        for resource in range(state.heads.size):
            release_expired(state, resource, clock.time_s)
        clock.reclaim_spared = quarter - min(quarter, clock.n_free_chunks // 2)
    elif clock.n_free_chunks >= quarter:
        clock.reclaim_spared = 0
    if clock.n_free_segments < state.segments.size // 4:
        for unit in range(state.units.size):
            advance_to(world, state, unit, clock.time_s)
