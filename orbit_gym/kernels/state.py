"""State: the arrays that change, and the scratch space of the kernels.

State is all that a fork copies. Scratch holds search labels and the last booking: derived, never
copied, not shared by threads.
"""

from typing import NamedTuple

import numpy as np

from orbit_gym.kernels.episode import Episode
from orbit_gym.observation import GROUND_SLOTS
from orbit_gym.world.layout import World
from orbit_gym.world.nodes import n_satellites, n_stations

MAX_HOPS = 40
DOWNLINK_CANDIDATES = 4  # that a search keeps apart
NONE = -1

CLOCK = np.dtype(
    [
        ("time_s", "f8"),
        ("end_s", "f8"),  # of the episode, for utilisation only
        ("task", "i4"),  # index of the task being placed
        ("free_chunk", "i4"),  # heads of the free lists
        ("free_segment", "i4"),
        ("n_free_chunks", "i4"),
        ("n_free_segments", "i4"),
        ("n_lost_plans", "i4"),  # plans refused because a pool was full
        ("reclaim_next", "i4"),  # calendar whose expired reservations were given back last
        ("next_fault", "i4"),  # index of the first fault that has not struck
        ("n_records", "i4"),  # rows of State.records in use
        (
            "reclaim_spared",
            "i4",
            # chunks under a quarter of the pool that need no walk of all calendars, since the last
            # one left few
        ),
        ("revoked_value", "f8"),  # taken back by faults so far
        # fading memories of orbit_gym/kernels/offered_load.py
        ("offered_5min_s", "f8"),  # work of past tasks on the first satellite
        ("span_5min_s", "f8"),  # time in which it came, fading alike
        ("offered_30min_s", "f8"),
        ("span_30min_s", "f8"),
        ("n_urgent", "f8"),  # urgent past tasks
        ("n_urgent_infeasible", "f8"),  # those of them that no candidate could deliver in time
    ],
    align=True,
)
CHUNK_SIZE = 16  # intervals in a chunk of a calendar
START, END = 0, 1  # second axis of State.intervals
CHUNK = np.dtype([("next", "i4"), ("count", "i4")], align=True)
SEGMENT = np.dtype(
    [
        ("start_s", "f8"),
        ("end_s", "f8"),
        (
            "resident",
            "i8",
        ),  # models in memory from start_s until the next segment of the same accelerator
        (
            "charge_j",
            "f8",
        ),  # as of start_s, noted at the latest booking; holds where start_s is still to come
        ("temperature_c", "f8"),
        ("lanes", "i2"),  # reserved
        (
            "drawing",
            "i2",
        ),  # of these, lanes that compute: an outage and what was lost to one only idle
        ("next", "i4"),
    ],
    align=True,
)
# One reservation that a fault may still strike; kept only where faults are on.
RECORD = np.dtype(
    [
        ("start_s", "f8"),
        ("end_s", "f8"),
        ("value", "f8"),  # of the task if its plan is in time, else 0
        ("resource", "i4"),  # calendar, or n_resources + accelerator
        ("task", "i4"),  # NONE once lost
        ("lanes", "i4"),  # that compute for it, 0 for calendars and model loads
        ("pad", "i4"),
    ],
    align=True,
)
UNIT = np.dtype(
    [
        ("time_s", "f8"),  # charge and temperature are as of this time
        ("charge_j", "f8"),
        ("temperature_c", "f8"),
        ("last_load_end_s", "f8"),  # end of the last booked model load
        ("queue_end_s", "f8"),  # end of the last booking, or time_s where none is left
        ("queue_end_charge_j", "f8"),  # as of queue_end_s
        ("queue_end_temperature_c", "f8"),
        ("base_resident", "i8"),  # models in memory before the first segment
        ("queue_end_resident", "i8"),  # models in memory after the last
        ("first_segment", "i4"),
        ("n_segments", "i4"),
        ("n_loads", "i4"),  # model loads booked in the episode
        ("power_row", "i4"),  # row of World.power at time_s, or an earlier one
        ("queue_end_power_row", "i4"),  # the same at queue_end_s
        ("pad", "i4"),
        (
            "min_charge_margin_j",
            "f8",
        ),  # least charge above required_j until queue_end_s, noted at the latest booking
        ("max_temperature_c", "f8"),  # highest temperature until queue_end_s
        ("busy_lane_s", "f8"),  # lane-seconds booked before the episode's end
        ("energy_j", "f8"),  # energy booked in the episode
        ("least_charge_j", "f8"),  # seen at the decisions of the episode
    ],
    align=True,
)
PLAN = np.dtype(
    [
        ("node", "i4"),
        ("accelerator", "i4"),
        ("exists", "i4"),
        ("on_time", "i4"),
        ("input_hops", "i4"),
        ("result_hops", "i4"),
        ("by_alert", "i4"),  # the result goes by the alert channel
        ("updates_recency", "i4"),
        ("arrival_s", "f8"),
        ("load_start_s", "f8"),
        ("load_s", "f8"),
        ("start_s", "f8"),
        ("finish_s", "f8"),
        ("send_s", "f8"),  # when the alert message is sent
        ("delivery_s", "f8"),
        ("energy_j", "f8"),  # compute plus transmit
    ],
    align=True,
)
OUTCOME = np.dtype(  # of one step
    [
        ("value", "f8"),  # that the plan just booked will deliver in time
        ("revoked_value", "f8"),  # taken back by faults up to the next decision
        ("energy_j", "f8"),  # of the plan just booked
        ("elapsed_s", "f8"),  # to the next decision
        ("is_booked", "i4"),
        ("is_invalid", "i4"),  # the action was masked: it books nothing
        ("is_over", "i4"),  # no task is left to place
        ("pad", "i4"),
    ],
    align=True,
)
LABEL = np.dtype(
    [
        ("arrival_s", "f8"),
        ("start_s", "f8"),  # of the transfer that arrives here
        ("end_s", "f8"),
        (
            "priority_s",
            "f8",
        ),  # place in the heap: arrival (or next_contact_s) plus what surely remains to the target
        ("next_contact_s", "f8"),  # of a settled node: when its next contact opens
        (
            "tie_s",
            "f8",
            # orders equal keys: time here plus what remains to the best way down, once a search
            # knows that
        ),
        ("stamp", "i8"),  # search that wrote the label
        ("settled", "i8"),  # search that settled it
        ("edge", "i4"),
        ("previous", "i4"),
        ("hops", "i4"),
        ("heap_place", "i4"),  # NONE outside the heap
    ],
    align=True,
)
# A pass over which a bundle could come down, in one search.
DOWNLINK_CANDIDATE = np.dtype(
    [
        ("earliest_s", "f8"),  # least arrival through it
        ("satellite", "i4"),
        ("station", "i4"),
    ],
    align=True,
)
# What surely limits a bundle that comes down at one station, in one search.
STATION_BOUND = np.dtype(
    [
        (
            "earliest_s",
            "f8",
        ),  # no arrival at the target before this: the first gap of the station's antennas
        ("sent_by_s", "f8"),  # sent later than this, the gap is missed
        ("onward_s", "f8"),  # from the station to the target; infinity where nothing leads there
    ],
    align=True,
)
HOP = np.dtype(
    [("start_s", "f8"), ("end_s", "f8"), ("from_node", "i4"), ("edge", "i4")], align=True
)


class State(NamedTuple):
    """What a booking changes. Copy every array and you have an independent future."""

    clock: np.ndarray  # (1,) CLOCK
    candidates: (
        np.ndarray
    )  # (n_candidates,) int32 graph nodes of the current task, NONE where a row is unused
    plans: np.ndarray  # (n_candidates,) PLAN of the current task at each candidate
    routes: (
        np.ndarray
    )  # (n_candidates, 2 * MAX_HOPS) HOP of each plan: of its input, then of its result
    heads: np.ndarray  # (n_resources,) int32 first chunk of each calendar
    chunks: np.ndarray  # (calendar_chunks,) CHUNK chains of intervals, one per calendar, pooled
    intervals: (
        np.ndarray
    )  # (calendar_chunks, 2, CHUNK_SIZE) float64 starts and ends of busy time, touching ones merged
    units: np.ndarray  # (n_accelerators,) UNIT
    segments: np.ndarray  # (profile_segments,) SEGMENT lanes in use of all accelerators, pooled
    used_s: (
        np.ndarray
    )  # (n_resources,) float64 seconds booked before the episode's end, for utilisation
    last_use_s: np.ndarray  # (n_accelerators, n_models) float64, for least-recently-used eviction
    records: np.ndarray  # (reservation_records,) RECORD; empty where faults are off
    is_lost: (
        np.ndarray
    )  # (n_tasks,) bool: booked and then struck by a fault; empty where faults are off


class Scratch(NamedTuple):
    """Work space of the kernels; holds nothing that outlives a decision."""

    # (5,) int64: searches so far, stamps of the latest input and result search, stamp and number of
    # wanted nodes
    counter: np.ndarray
    labels: np.ndarray  # (2, n_graph_nodes) LABEL: input search, result search
    heap: np.ndarray  # (2, n_graph_nodes) int32
    downlink_candidates: (
        np.ndarray
    )  # (DOWNLINK_CANDIDATES,) DOWNLINK_CANDIDATE of the search in progress, earliest first
    station_bounds: np.ndarray  # (n_stations,) STATION_BOUND of the search in progress
    cursors: (
        np.ndarray
    )  # (n_satellites * n_terminals,) int32 rows of World.isl_contacts that searches found last
    target_stamps: np.ndarray  # (n_graph_nodes,) int64 stamp of the marking that wants a node
    order: np.ndarray  # (n_satellites,) int32 satellites in the order a search settled them
    reached_s: (
        np.ndarray
    )  # (n_candidates,) arrivals on idle calendars of the candidates ordered last
    relaxed: np.ndarray  # (n_candidates,) int32 candidates of a task on the relaxed system
    frame: np.ndarray  # (4, 3) position and axes of the task's origin
    slots: np.ndarray  # (2, slots) int64 edge and contact shown in each link slot
    by_finish: np.ndarray  # (n_candidates,) int32 rows in the order in which their services end
    outcome: np.ndarray  # (1,) OUTCOME of the last step
    booking: np.ndarray  # (1,) PLAN of the last booking
    hops: np.ndarray  # (2 * MAX_HOPS,) HOP of the last booking: input, then result


def new_scratch(world: World) -> Scratch:
    """Allocate work space for a World."""
    n_nodes = world.edge_offsets.size - 1
    labels = np.zeros((2, n_nodes), LABEL)
    labels["stamp"] = labels["settled"] = NONE
    return Scratch(
        counter=np.zeros(5, np.int64),
        labels=labels,
        heap=np.zeros((2, n_nodes), np.int32),
        downlink_candidates=np.zeros(DOWNLINK_CANDIDATES, DOWNLINK_CANDIDATE),
        station_bounds=np.zeros(n_stations(world), STATION_BOUND),
        cursors=np.zeros(world.isl_offsets.size - 1, np.int32),
        target_stamps=np.zeros(n_nodes, np.int64),
        order=np.zeros(n_satellites(world), np.int32),
        reached_s=np.zeros(int(world.sizes["n_candidates"][0])),
        relaxed=np.zeros(int(world.sizes["n_candidates"][0]), np.int32),
        frame=np.zeros((4, 3)),
        slots=np.zeros((2, int(world.sizes["n_terminals"][0]) + GROUND_SLOTS), np.int64),
        by_finish=np.zeros(int(world.sizes["n_candidates"][0]), np.int32),
        outcome=np.zeros(1, OUTCOME),
        booking=np.zeros(1, PLAN),
        hops=np.zeros(2 * MAX_HOPS, HOP),
    )


def new_state(
    world: World,
    episode: Episode,
    calendar_chunks: int,
    profile_segments: int,
    reservation_records: int = 0,
) -> State:
    """Return the State at the start of an episode.

    Idle calendars, initial charge and memory, satellites warm from idling.

    With reservation_records = 0 nothing is kept for faults to strike.
    """
    n_units = world.accelerators.size
    start_s = float(episode.span_s[0])
    units = np.zeros(n_units, UNIT)
    units["time_s"] = units["last_load_end_s"] = units["queue_end_s"] = start_s
    units["first_segment"] = NONE
    units["charge_j"][: episode.initial_charge_j.size] = episode.initial_charge_j
    units["least_charge_j"] = units["charge_j"]
    units["base_resident"] = units["queue_end_resident"] = episode.initial_resident
    accelerators = world.accelerators
    units["temperature_c"] = (
        accelerators["sink_c"] + accelerators["idle_w"] * accelerators["thermal_k_per_w"]
    )
    units["queue_end_charge_j"], units["queue_end_temperature_c"] = (
        units["charge_j"],
        units["temperature_c"],
    )
    clock = np.zeros(1, CLOCK)
    clock["time_s"] = episode.tasks["release_s"][0] if episode.tasks.size else start_s
    clock["end_s"] = float(episode.span_s[1])
    clock["n_free_chunks"] = calendar_chunks
    clock["n_free_segments"] = profile_segments
    return State(
        clock=clock,
        candidates=np.full(int(world.sizes["n_candidates"][0]), NONE, np.int32),
        plans=np.zeros(int(world.sizes["n_candidates"][0]), PLAN),
        routes=np.zeros((int(world.sizes["n_candidates"][0]), 2 * MAX_HOPS), HOP),
        heads=np.full(int(world.sizes["n_resources"][0]), NONE, np.int32),
        chunks=_free_list(CHUNK, calendar_chunks),
        intervals=np.zeros((calendar_chunks, 2, CHUNK_SIZE)),
        units=units,
        segments=_free_list(SEGMENT, profile_segments),
        used_s=np.zeros(int(world.sizes["n_resources"][0])),
        last_use_s=np.full((n_units, world.model_bytes.size), start_s),
        records=np.zeros(reservation_records, RECORD),
        is_lost=np.zeros(episode.tasks.size if reservation_records else 0, np.bool_),
    )


def copy_state(state: State) -> State:
    """Independent copy of every array."""
    return State(*(array.copy() for array in state))


def _free_list(dtype: np.dtype, slots: int) -> np.ndarray:
    """Pool whose free rows are chained in order of index from row 0."""
    pool = np.zeros(slots, dtype)
    pool["next"] = np.arange(1, slots + 1)
    pool["next"][-1] = NONE
    return pool
