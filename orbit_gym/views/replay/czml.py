"""CZML: an episode as Cesium reads it.

Positions are Earth-fixed samples in metres; links appear while they are up.

The format: https://github.com/AnalyticalGraphicsInc/czml-writer/wiki/CZML-Guide. Writing it needs
no library; tests check it with czml3.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from orbit_gym.views.episode_log.log import EpisodeLog
from orbit_gym.views.replay.page import write_text

Packet = dict[str, Any]
# Looks: RGBA, and width or size in pixels.
LINK_LOOKS = {
    "laser": ((86, 180, 233, 160), 1.5),
    "station": ((204, 121, 167, 230), 2.5),
    "user": ((230, 159, 0, 130), 1.0),
}
SITE_LOOKS = {
    "station": ((204, 121, 167, 255), 9),
    "datacentre": ((240, 228, 66, 255), 9),
    "user": ((200, 200, 200, 200), 5),
}
SATELLITE_RGBA = (240, 228, 66, 255)
PERIOD_S = 5_700.0  # of the path drawn behind and ahead together: one orbit
MULTIPLIER = 60
MANY_SATELLITES = 300  # satellites; from here on names and paths would cover everything


def write_czml(path: str | os.PathLike[str], log: EpisodeLog) -> Path:
    """Write the CZML of a log."""
    return write_text(path, json.dumps(czml(log), separators=(",", ":"), allow_nan=False) + "\n")


def czml(log: EpisodeLog) -> list[Packet]:
    """Return the packets of an episode.

    The document, one a satellite, one a site, one a pair of nodes that is ever linked.
    """
    header, nodes = log.header, log.header["nodes"]
    is_many = log.arrays["positions/positions_m"].shape[1] > MANY_SATELLITES
    interval = f"{_iso(header, header['start_s'])}/{_iso(header, header['last_s'])}"
    title = (
        f"OrbitGym {header['scenario']['name']}, {header['policy'] or 'episode'}, seed "
        f"{header['seed']}"
    )
    clock = {
        "interval": interval,
        "currentTime": _iso(header, header["start_s"]),
        "multiplier": MULTIPLIER,
        "range": "LOOP_STOP",
    }
    packets: list[Packet] = [{"id": "document", "name": title, "version": "1.0", "clock": clock}]
    packets += [
        _satellite(log, node, interval, is_many)
        for node in range(log.arrays["positions/positions_m"].shape[1])
    ]
    places = log.arrays["sites/positions_m"]
    packets += [
        _site(node, item, place)
        for node, (item, place) in enumerate(
            zip(nodes[-len(places) :], places), len(nodes) - len(places)
        )
    ]
    return packets + _links(log)


def _iso(header: dict[str, Any], time_s: float) -> str:
    midnight = datetime.fromisoformat(header["midnight_utc"].removesuffix("Z"))
    return (midnight + timedelta(seconds=float(time_s))).isoformat(timespec="milliseconds") + "Z"


def _satellite(log: EpisodeLog, node: int, interval: str, is_many: bool) -> Packet:
    positions, header = log.group("positions"), log.header
    # From midnight the samples lie on whole seconds; from the start, rounded, they would be up to
    # 0.05 s and 380 m off.
    rows = np.column_stack(
        [
            positions["time_s"].round(3),
            positions["positions_m"][:, node].astype(np.float64).round(1),
        ]
    )
    name = header["nodes"][node]["name"]
    packet: Packet = {
        "id": f"node-{node}",
        "name": name,
        "availability": interval,
        "position": {
            "epoch": _iso(header, 0.0),
            "cartesian": rows.ravel().tolist(),
            "referenceFrame": "FIXED",
            "interpolationAlgorithm": "LAGRANGE",
            "interpolationDegree": 5,
        },
        "point": {"color": {"rgba": list(SATELLITE_RGBA)}, "pixelSize": 4 if is_many else 8},
        "description": _description(log, node),
    }
    if not is_many:
        packet["label"] = _label(name, -10)
        path_colour = {"solidColor": {"color": {"rgba": [255, 255, 255, 60]}}}
        packet["path"] = {
            "leadTime": PERIOD_S / 2,
            "trailTime": PERIOD_S / 2,
            "width": 1,
            "resolution": 60,
            "material": path_colour,
        }
    return packet


def _label(text: str, down_px: int) -> Packet:
    outline = {
        "style": "FILL_AND_OUTLINE",
        "outlineWidth": 3,
        "outlineColor": {"rgba": [0, 0, 0, 255]},
    }  # to be read on any ground
    return {
        "text": text,
        "font": "13px sans-serif",
        **outline,
        "pixelOffset": {"cartesian2": [10, down_px]},
        "horizontalOrigin": "LEFT",
    }


def _description(log: EpisodeLog, node: int) -> str:
    table = log.group("decisions")
    of_node = table["node"] == node
    on_time = int((of_node & table["on_time"] & ~table["is_lost"]).sum())
    charge = log.arrays["series/charge_fraction"][:, node]
    least = f" Least charge {charge.min():.0%}." if charge.size else ""
    return f"{int(of_node.sum())} tasks placed here, {on_time} delivered in time.{least}"


def _site(node: int, item: dict[str, str], place_m: np.ndarray) -> Packet:
    rgba, size = SITE_LOOKS[item["kind"]]
    packet: Packet = {
        "id": f"node-{node}",
        "name": item["name"],
        "position": {
            "cartesian": [round(float(value), 1) for value in place_m],
            "referenceFrame": "FIXED",
        },
        "point": {"color": {"rgba": list(rgba)}, "pixelSize": size},
    }
    if item["kind"] != "user":
        packet["label"] = _label(item["name"], 10)
    return packet


def _links(log: EpisodeLog) -> list[Packet]:
    """One packet a pair of nodes, shown while they are linked.

    Fibre, which never changes, is left out.
    """
    header, table = log.header, log.group("links")
    pairs: dict[tuple[int, int, str], list[str]] = {}
    for node_a, node_b, kind, start_s, end_s in zip(
        *(table[name].tolist() for name in ("node_a", "node_b", "kind", "start_s", "end_s"))
    ):
        name = header["link_kinds"][kind]
        if name in LINK_LOOKS and end_s - start_s >= 0.001:  # CZML's instants are milliseconds here
            pairs.setdefault((node_a, node_b, name), []).append(
                f"{_iso(header, start_s)}/{_iso(header, end_s)}"
            )
    return [_link(header, *pair, spans) for pair, spans in pairs.items()]


def _link(header: dict[str, Any], node_a: int, node_b: int, kind: str, spans: list[str]) -> Packet:
    rgba, width = LINK_LOOKS[kind]
    names = [header["nodes"][node]["name"] for node in (node_a, node_b)]
    return {
        "id": f"{kind}-{node_a}-{node_b}",
        "name": f"{'pass' if kind == 'station' else kind} {names[0]} to {names[1]}",
        "availability": spans if len(spans) > 1 else spans[0],
        "polyline": {
            "positions": {"references": [f"node-{node_a}#position", f"node-{node_b}#position"]},
            "arcType": "NONE",
            "width": width,
            "material": {"solidColor": {"color": {"rgba": list(rgba)}}},
        },
    }
