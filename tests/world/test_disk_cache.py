"""Stored Worlds: what is opened is what was built.

Damage, bad folders and rivals cost time only.
"""

import dataclasses
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest
from sgp4.api import WGS72, Satrec

from orbit_gym.kernels.network.transfers import range_m
from orbit_gym.orbits.positions import Orbits
from orbit_gym.orbits.sgp4_source import Sgp4Source
from orbit_gym.scenario.loading import load_scenario
from orbit_gym.scenario.scenario import Constellation
from orbit_gym.utils.kernel_cache import sources_behind
from orbit_gym.utils.recently_used import RecentlyUsed
from orbit_gym.world import disk_cache, progress, world_cache
from orbit_gym.world.compiler import compile_world
from orbit_gym.world.layout import World


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("Tiny")


@pytest.fixture(scope="module")
def fresh_world(scenario) -> World:
    return compile_world(scenario, 1)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The store's folder, in an empty cache; no World is in memory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(world_cache, "_worlds", RecentlyUsed(world_cache.MOST_WORLDS))
    return tmp_path / "orbit_gym" / "worlds"


@pytest.fixture
def compiled(monkeypatch) -> list[int]:
    """Days that have been compiled since."""
    days: list[int] = []

    def count(scenario, day, orbits, tell=None):
        days.append(day)
        return compile_world(scenario, day, orbits, tell)

    monkeypatch.setattr(progress, "compile_world", count)
    return days


def afresh(scenario, day=1) -> World:
    """World as a process gets it that has none in memory."""
    world_cache._worlds.clear()
    return world_cache.get_world(scenario, day)


def same_world(a: World, b: World) -> bool:
    return all(
        x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
        for x, y in zip(a, b, strict=True)
    )


def test_a_world_is_compiled_once_and_then_opened(scenario, fresh_world, folder, compiled):
    first, second = afresh(scenario), afresh(scenario)
    assert compiled == [1] and same_world(first, fresh_world) and same_world(second, fresh_world)
    assert [path.suffix for path in folder.iterdir()] == [".world"]
    assert all(
        path.stat().st_mode & 0o777 == 0o644 for path in folder.iterdir()
    )  # others may share the cache


def test_opened_arrays_are_mapped_read_only_and_of_the_same_kind(fresh_world, folder):
    """To numba a mapped World and a built one are the same: no kernel is compiled a second time."""
    disk_cache.save_world(fresh_world, folder / "a.world")
    world = disk_cache.open_world(folder / "a.world")
    range_m(fresh_world, 0, 1, 30.0)
    n_signatures = len(range_m.signatures)
    assert range_m(world, 0, 1, 30.0) == range_m(fresh_world, 0, 1, 30.0)
    assert len(range_m.signatures) == n_signatures
    for name, mapped, theirs in zip(World._fields, world, fresh_world, strict=True):
        assert (
            type(mapped) is np.ndarray
            and not mapped.flags.writeable
            and mapped.flags.c_contiguous
            and mapped.flags.aligned
        ), name
        assert (
            mapped.dtype is disk_cache.DTYPES[name]
            and mapped.dtype.isalignedstruct == theirs.dtype.isalignedstruct
        ), name
        assert mapped.ctypes.data % 64 == 0, name
        with pytest.raises(ValueError):
            mapped.flags.writeable = True


def test_every_array_of_a_world_has_its_dtype_here(fresh_world):
    assert tuple(disk_cache.DTYPES) == World._fields
    assert [array.dtype for array in fresh_world] == list(disk_cache.DTYPES.values())


def test_what_matters_makes_another_world_and_nothing_else_does(scenario, folder, compiled):
    other_words = dataclasses.replace(
        scenario,
        description="other words",
        reward=dataclasses.replace(scenario.reward, energy_cost=1.0),
    )
    afresh(scenario), afresh(other_words)
    assert compiled == [1]
    (
        afresh(scenario, 2),
        afresh(
            dataclasses.replace(scenario, users=dataclasses.replace(scenario.users, mask_deg=30.0))
        ),
    )
    assert compiled == [1, 2, 1]


def test_a_tle_file_that_changes_makes_another_world(folder, compiled, tmp_path):
    """The scenario names the file only: its elements must be looked at."""
    three, ring = load_scenario("ThreeBody12"), load_scenario("Ring12")
    file = tmp_path / "elements.tle"
    flying = dataclasses.replace(
        ring,
        constellation=Constellation(tle_file=str(file)),
        workload=dataclasses.replace(ring.workload, polarimeters=()),
    )
    worlds = []
    for satellite in three.constellation.satellites[:2]:
        file.write_text(f"{satellite.line1}\n{satellite.line2}\n")
        worlds.append(afresh(flying))
    assert compiled == [1, 1] and not np.array_equal(worlds[0].positions_m, worlds[1].positions_m)


def test_other_sources_make_another_world(scenario, folder, compiled, monkeypatch):
    afresh(scenario)
    monkeypatch.setattr(disk_cache, "_code_version", lambda: "other sources")
    afresh(scenario)
    assert compiled == [1, 1] and len(list(folder.iterdir())) == 2


def test_the_sources_that_count_are_those_that_compile_worlds():
    names = {path.name for path in sources_behind(["orbit_gym.world.compiler"])}
    assert {
        "compiler.py",
        "contacts.py",
        "ephemeris.py",
        "positions.py",
        "pointing.py",
        "runs.py",
        "layout.py",
        "models.py",
    } <= names
    assert not names & {"arrivals.py", "env.py", "search.py"}


def damage_byte(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-64],
        lambda data: data + bytes(64),
        lambda data: damage_byte(data, 0),
        lambda data: damage_byte(data, 9),
        lambda data: damage_byte(data, 17),
        lambda data: damage_byte(data, 40),
        lambda data: damage_byte(data, len(data) // 2),
        lambda data: bytes(len(data)),
    ],
    ids=[
        "empty",
        "stump",
        "cut",
        "longer",
        "magic",
        "length",
        "checksum",
        "header",
        "array",
        "zeros",
    ],
)
def test_a_damaged_file_is_compiled_anew(scenario, fresh_world, folder, compiled, damage):
    afresh(scenario)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    path.unlink()  # its map stays open
    path.write_bytes(damage(content))
    assert disk_cache.open_world(path) is None
    assert same_world(afresh(scenario), fresh_world) and compiled == [1, 1]
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_written_only_costs_time(scenario, fresh_world, folder, compiled):
    folder.parent.mkdir()
    folder.write_text("a file stands where the folder should be")
    assert (
        same_world(afresh(scenario), fresh_world)
        and same_world(afresh(scenario), fresh_world)
        and compiled == [1, 1]
    )


def test_a_full_disk_leaves_nothing_behind(scenario, fresh_world, folder, compiled, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk_cache.os, "replace", full)
    assert same_world(afresh(scenario), fresh_world) and list(folder.iterdir()) == []


def write_often(path: Path, world: World) -> None:
    for _ in range(20):
        disk_cache.save_world(world, path)


def test_writers_at_the_same_time_never_show_half_a_world(fresh_world, folder):
    """Two processes write the same file 20 times each.

    Whoever opens it meanwhile sees a whole World or none yet.
    """
    path = folder / "a.world"
    writers = [
        multiprocessing.get_context("fork").Process(target=write_often, args=(path, fresh_world))
        for _ in range(2)
    ]
    for writer in writers:
        writer.start()
    n_seen = 0
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            assert same_world(disk_cache.open_world(path), fresh_world)
            n_seen += 1
    assert n_seen > 0 and [writer.exitcode for writer in writers] == [0, 0]
    assert [item.name for item in folder.iterdir()] == ["a.world"]


def test_old_worlds_are_removed(fresh_world, folder, monkeypatch):
    """Out go what is unused for a month and, beyond the limit, the least recently used.

    The one just written stays.
    """
    for age_s, name in enumerate(("new", "older", "oldest"), 1):
        disk_cache.save_world(fresh_world, folder / f"{name}.world")
        os.utime(folder / f"{name}.world", (time.time() - 60 * age_s,) * 2)
    (folder / "killed.part").write_text("")
    os.utime(folder / "killed.part", (time.time() - disk_cache.KEEP_S - 60.0,) * 2)
    disk_cache.save_world(fresh_world, folder / "new.world")
    assert {path.name for path in folder.iterdir()} == {"new.world", "older.world", "oldest.world"}
    monkeypatch.setattr(disk_cache, "MOST_BYTES", 3.5 * (folder / "new.world").stat().st_size)
    assert (
        disk_cache.open_world(folder / "oldest.world") is not None
    )  # used now: "older" has become the oldest
    disk_cache.save_world(fresh_world, folder / "newest.world")
    os.utime(folder, (0.0, 0.0))
    assert (
        disk_cache.open_world(folder / "newest.world") is not None
        and time.time() - folder.stat().st_mtime < 60.0
    )  # or cache.py removes it
    assert {path.name for path in folder.iterdir()} == {"newest.world", "new.world", "oldest.world"}
    monkeypatch.setattr(disk_cache, "MOST_BYTES", 1)
    disk_cache.save_world(fresh_world, folder / "last.world")
    assert {path.name for path in folder.iterdir()} == {"last.world"}


def test_every_element_that_is_flown_names_the_file(folder):
    """Epoch, drag and the six Kepler elements: change one by little, and another World is asked
    for.
    """
    elements = [
        27_000.25,
        1e-4,
        0.0,
        0.0,
        0.001,
        1.0,
        1.7,
        2.0,
        0.065,
        3.0,
    ]  # of sgp4init; 2 and 3 (drifts of the motion) are not flown

    def path_of(changed: int) -> Path:
        record = Satrec()
        record.sgp4init(
            WGS72,
            "i",
            1,
            *(value + 1e-6 * (number == changed) for number, value in enumerate(elements)),
        )
        source = Sgp4Source(["A"], [record])
        return disk_cache.world_name("key", Orbits((source,), np.zeros(1, np.int32)))

    assert len({path_of(changed) for changed in (-1, 0, 1, 4, 5, 6, 7, 8, 9)}) == 9
    assert path_of(2) == path_of(3) == path_of(-1)


class FakeBar:
    """Takes the place of tqdm: keeps what it is asked for, and how far it came."""

    bars: list = []

    def __init__(self, total, disable, delay, **_):
        self.n = 0.0
        self.bars.append((total, disable, delay, self))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def set_description(self, text, refresh):
        assert "12 satellites" in text

    def update(self, more):
        assert more >= 0.0
        self.n += more


def test_a_world_shows_its_progress_to_the_end(folder, monkeypatch):
    """On a terminal only (disable=None is tqdm's word for that), and not for a moment's work."""
    monkeypatch.setattr(progress, "tqdm", FakeBar)
    monkeypatch.setattr(FakeBar, "bars", [])
    afresh(load_scenario("Ring12"))
    ((total, disable, delay, bar),) = FakeBar.bars
    assert disable is None and delay == progress.SHOWN_AFTER_S and abs(bar.n - total) < 1e-9
