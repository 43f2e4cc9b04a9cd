"""Worlds on disk: compiled once for a scenario and a day, then opened as read-only memory maps that
processes share.

One file a World, in the folder ``worlds`` of the user's cache, named after everything it depends
on: elements and fields of the scenario, the day, and the sources that compile Worlds. A file is
written beside its place and moved there, so it is whole or absent; its checksum is read when it is
opened, and a damaged one is compiled anew. Where nothing can be written, Worlds only cost time.
Files that nobody opened for a month go, and the least recently used beyond MOST_BYTES.
"""

import contextlib
import hashlib
import json
import math
import mmap
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from orbit_gym.orbits.positions import Orbits
from orbit_gym.utils.atomic_files import replacing
from orbit_gym.utils.kernel_cache import KEEP_S, cache_root
from orbit_gym.utils.source_keyed_store import source_version
from orbit_gym.world.layout import (
    ACCELERATOR,
    CONTACT,
    EDGE,
    EDGE_CONTACT,
    POWER,
    RATE_SEGMENT,
    SIZES,
    STATION_DOWNLINK,
    World,
)

MAGIC = b"OrbWorld"
HEAD = len(MAGIC) + 16  # magic, length of the header, checksum of header and arrays
ALIGN = 64
MOST_BYTES = 10e9  # choice: nine days of 10,000 satellites, or thirty of 2,800
SUFFIX = ".world"
DTYPES = {
    "sizes": SIZES,
    "positions_m": np.dtype("f8"),
    "site_positions_m": np.dtype("f8"),
    "edge_offsets": np.dtype("i4"),
    "edges": EDGE,
    "contacts": CONTACT,
    "rate_segments": RATE_SEGMENT,
    "ground_pass_offsets": np.dtype("i4"),
    "ground_passes": EDGE_CONTACT,
    "station_downlink_offsets": np.dtype("i4"),
    "downlinks_by_station": STATION_DOWNLINK,
    "isl_offsets": np.dtype("i4"),
    "isl_contacts": EDGE_CONTACT,
    "user_downlinks": np.dtype("i4"),
    "ground_light_s": np.dtype("f4"),
    "ground_hops": np.dtype("u1"),
    "power_offsets": np.dtype("i4"),
    "power": POWER,
    "accelerators": ACCELERATOR,
    "datacentre_offsets": np.dtype("i4"),
    "model_bytes": np.dtype("f8"),
}


def stored_world(key: str, orbits: Orbits, build: Callable[[], World]) -> World:
    """Return the World of a key and its orbits, from disk where it is stored.

    The key says scenario and day; a World that is not stored is built and stored.
    """
    path = cache_root() / "worlds" / f"{world_name(key, orbits)}{SUFFIX}"
    world = open_world(path)
    if world is not None:
        return world
    world = build()
    try:
        save_world(world, path)
    except OSError:
        return world
    return open_world(path) or world


def save_world(world: World, path: Path) -> None:
    """Write a World; at every moment the file is whole or absent.

    OSError where it cannot be written.
    """
    arrays = [np.ascontiguousarray(array) for array in world]
    places, end = [], 0
    for array in arrays:
        places.append(end)
        end = _aligned(end + array.nbytes)
    header = json.dumps(
        {"shapes": [list(array.shape) for array in arrays], "places": places, "data_bytes": end}
    ).encode()
    checksum = _checksum(header, arrays)
    with replacing(path) as file:
        file.write(
            MAGIC + len(header).to_bytes(8, "little") + checksum.to_bytes(8, "little") + header
        )
        start = _aligned(HEAD + len(header))
        for array, place in zip(arrays, places, strict=True):
            file.seek(start + place)
            file.write(_bytes(array))
        file.truncate(start + end)
    _remove_old(path.parent)


def open_world(path: Path) -> World | None:
    """Return the World in a file, its arrays mapped from it.

    None where there is none, or where it is damaged.
    """
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
            os.utime(path.parent)
        return _read(data)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(data: mmap.mmap) -> World:
    """Return the World in a file's bytes.

    ValueError, KeyError or TypeError where they are damaged.
    """
    length, checksum = (
        int.from_bytes(data[HEAD - 8 * k : HEAD - 8 * (k - 1)], "little") for k in (2, 1)
    )
    if data[: len(MAGIC)] != MAGIC or HEAD + length > len(data):
        raise ValueError("not a World")
    header = data[HEAD : HEAD + length]
    layout, start = json.loads(header), _aligned(HEAD + length)
    if start + layout["data_bytes"] != len(data):
        raise ValueError("not the whole of a World")
    arrays = [
        np.frombuffer(data, dtype, math.prod(shape), start + place).reshape(shape)
        for dtype, shape, place in zip(
            DTYPES.values(), layout["shapes"], layout["places"], strict=True
        )
    ]
    if _checksum(header, arrays) != checksum:
        raise ValueError("a damaged World")
    return World(*arrays)


def _checksum(header: bytes, arrays: list[np.ndarray]) -> int:
    checksum = zlib.crc32(header)
    for array in arrays:
        checksum = zlib.crc32(_bytes(array), checksum)
    return checksum


def _bytes(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _aligned(place: int) -> int:
    return -(-place // ALIGN) * ALIGN


def world_name(key: str, orbits: Orbits) -> str:
    """Return the name of a World on disk, a hash of everything it depends on.

    From its key, which says scenario and day, and its orbits.
    """
    digest = hashlib.sha256(f"{_code_version()}\n{key}\n".encode())
    digest.update(orbits.fingerprint())
    digest.update(np.ascontiguousarray(orbits.planes, dtype=np.int64).tobytes())
    return digest.hexdigest()[:32]


def _code_version() -> str:
    """Hash of the sources that compile Worlds and of what they compute with."""
    return source_version(
        ("orbit_gym.world.compiler", __name__), packages=("numpy", "sgp4", "skyfield")
    )


def _remove_old(folder: Path) -> None:
    """Remove what nobody used for KEEP_S, and the least recently used files beyond MOST_BYTES.

    Open maps of them stay good.
    """
    with contextlib.suppress(OSError):
        stored_worlds = sorted(
            ((path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir()),
            reverse=True,
        )
        total = 0
        for number, (used_s, size, path) in enumerate(stored_worlds):
            total += size
            if time.time() - used_s > KEEP_S or (total > MOST_BYTES and number > 0):
                path.unlink(missing_ok=True)
