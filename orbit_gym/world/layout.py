"""World: everything about one day of a scenario that never changes, as read-only arrays.

Compiled once from a Scenario by :mod:`orbit_gym.world.compiler`; kernels take all of it.

Edges, their contacts and the contacts' rate segments together are a contact plan, as contact graph
routing in delay-tolerant networks has it: who can send to whom, from when to when, at which rate.
`ground_passes`, `isl_contacts` and `downlinks_by_station` are the same contacts again in order of
time, so that a search looks only at what is open or opens next.

Graph nodes are numbered satellites, stations, datacentres, user sites (`nodes` has accessors).
Accelerators are numbered satellites first (accelerator s belongs to satellite s), then those of
each datacentre. Candidates are satellites, then datacentres. Times are seconds since 00:00 UTC of
the World's day.
"""

from typing import NamedTuple

import numpy as np

# Kinds of edge.
LASER, DOWNLINK, UPLINK, USER_UP, USER_DOWN, FIBRE = range(6)

EDGE = np.dtype(
    [
        ("to", "i4"),  # graph node at the other end
        ("kind", "i4"),
        ("first_contact", "i4"),  # rows of World.contacts, in order of time, never overlapping
        ("end_contact", "i4"),
        ("resource_a", "i4"),  # calendars that a transfer occupies; -1 for none
        ("resource_b", "i4"),
        ("delay_s", "f8"),  # fixed delay on top of propagation (fibre)
        ("transmit_w", "f8"),  # power drawn while sending, for plan.joules only
    ],
    align=True,
)
CONTACT = np.dtype(
    [
        ("start_s", "f8"),  # first instant at which data can flow (after acquisition)
        ("end_s", "f8"),
        ("first_rate_segment", "i4"),  # rows of World.rate_segments: the rate over the contact
        ("end_rate_segment", "i4"),
        ("terminal", "i4"),  # laser terminal at the sending end; -1 where there is none
        ("pad", "i4"),
    ],
    align=True,
)
# A stretch of a contact at one rate.
RATE_SEGMENT = np.dtype(
    [
        ("start_s", "f8"),
        ("rate_bps", "f8"),
        ("sent_bits", "f8"),  # of the contact before start_s
    ],
    align=True,
)
# A contact, with its edge.
EDGE_CONTACT = np.dtype(
    [("start_s", "f8"), ("end_s", "f8"), ("edge", "i4"), ("contact", "i4")], align=True
)
# A downlink contact, with its sender.
STATION_DOWNLINK = np.dtype(EDGE_CONTACT.descr + [("satellite", "i4"), ("pad", "i4")], align=True)
POWER = np.dtype(
    [
        ("start_s", "f8"),  # from here to the next row's start the baseline is constant
        ("net_w", "f8"),  # array output minus baseline draw, bookings not counted
        # least charge at start_s from which the baseline alone never falls below the floor
        ("required_j", "f8"),
        ("is_sunlit", "i4"),
        ("pad", "i4"),
    ],
    align=True,
)
ACCELERATOR = np.dtype(
    [
        ("node", "i4"),  # graph node it sits at
        ("lanes", "i4"),
        ("has_battery", "i4"),  # 0 on the ground: no energy or heat limit
        ("pad", "i4"),
        ("peak_op_per_s", "f8"),
        ("bandwidth_bytes_per_s", "f8"),
        ("memory_bytes", "f8"),  # for weights
        ("load_bytes_per_s", "f8"),
        ("load_overhead_s", "f8"),
        ("vision_efficiency_fraction", "f8"),
        ("prefill_efficiency_fraction", "f8"),
        ("bandwidth_efficiency_fraction", "f8"),
        ("dynamic_w", "f8"),  # full minus idle draw; idle draw is in the baseline
        ("idle_w", "f8"),
        ("capacity_j", "f8"),
        ("floor_j", "f8"),
        ("thermal_tau_s", "f8"),
        ("thermal_k_per_w", "f8"),
        ("sink_c", "f8"),
        ("limit_c", "f8"),
    ],
    align=True,
)
SIZES = np.dtype(
    [
        ("n_satellites", "i4"),
        ("n_stations", "i4"),
        ("n_datacentres", "i4"),
        ("n_users", "i4"),
        ("n_candidates", "i4"),
        ("n_terminals", "i4"),
        ("n_resources", "i4"),
        # one calendar a satellite; -1 where there is no alert channel
        ("first_alert_resource", "i4"),
        ("horizon_s", "f8"),
        ("grid_s", "f8"),  # step of positions_m
        ("look_ahead_s", "f8"),
        # of World.ground_passes: a pass in progress began no earlier than this ago
        ("longest_pass_s", "f8"),
        ("fastest_laser_bps", "f8"),
        ("fastest_downlink_bps", "f8"),
        ("longest_down_s", "f8"),  # of light from a satellite to a station that sees it
        ("alert_interval_s", "f8"),  # one message per this many seconds and satellite
    ],
    align=True,
)


class World(NamedTuple):
    """Hold the read-only arrays of one day; every kernel that needs the physics takes all of it."""

    sizes: np.ndarray  # (1,) SIZES
    positions_m: np.ndarray  # (n_times, n_satellites, 3) Earth-fixed, every grid_s
    site_positions_m: np.ndarray  # (n_stations + n_datacentres + n_users, 3) Earth-fixed
    edge_offsets: np.ndarray  # (n_graph_nodes + 1,) int32, rows of edges leaving each graph node
    # (n_edges,) EDGE; of a node: fibre, lasers, user uplinks; then uplinks, users; then downlinks;
    # by receiver
    edges: np.ndarray
    contacts: np.ndarray  # (n_contacts,) CONTACT
    rate_segments: np.ndarray  # (n_rate_segments,) RATE_SEGMENT
    # (n_graph_nodes + 1,) int32, rows of ground_passes of each node
    ground_pass_offsets: np.ndarray
    # (n_ground_passes,) EDGE_CONTACT by start: a satellite's downlinks, a station's and a user's
    # uplinks
    ground_passes: np.ndarray
    # (n_stations + 1,) int32, rows of downlinks_by_station; none where few fly
    station_downlink_offsets: np.ndarray
    # (n_station_downlinks,) STATION_DOWNLINK by start: the downlinks that a station receives
    downlinks_by_station: np.ndarray
    # (n_satellites * n_terminals + 1,) int32, rows of isl_contacts of each laser terminal
    isl_offsets: np.ndarray
    # (n_isl_contacts,) EDGE_CONTACT by start: contacts of laser links between satellites, never
    # overlapping within a terminal
    isl_contacts: np.ndarray
    # (2, n_graph_nodes) int32, first and end row of each node's edges to users, by receiver
    user_downlinks: np.ndarray
    # (n_minutes, n_satellites, n_stations) float32, least light time (downlink_bounds.py); none
    # where few fly
    ground_light_s: np.ndarray
    # the same shape, uint8, least laser hops to a satellite that sees the station, slow ones
    # counted as several
    ground_hops: np.ndarray
    power_offsets: np.ndarray  # (n_satellites + 1,) int32, rows of power of each satellite
    power: np.ndarray  # (n_rows,) POWER
    accelerators: np.ndarray  # (n_accelerators,) ACCELERATOR
    # (n_datacentres + 1,) int32, rows of accelerators of each datacentre
    datacentre_offsets: np.ndarray
    model_bytes: np.ndarray  # (n_models,) float64, weights of each model
