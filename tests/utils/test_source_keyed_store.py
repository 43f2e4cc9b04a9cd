"""Entries are found again only under their key and sources; damaged or old ones are not."""

import json
import os
import time
from pathlib import Path

import pytest

from orbit_gym.utils import source_keyed_store, units
from orbit_gym.utils.source_keyed_store import SourceKeyedStore, source_version

MODULES = (units, "orbit_gym.utils.sampling")


def make(folder: Path) -> SourceKeyedStore:
    return SourceKeyedStore(folder, MODULES, packages=("numpy",), keep_s=100.0)


def test_an_entry_is_made_once_and_comes_back_as_json_carries_it(tmp_path: Path) -> None:
    contents = iter([{"a": (0.1, 1e300)}, "made twice"])
    store = make(tmp_path)
    assert store.get(("key", 1), lambda: next(contents)) == {"a": [0.1, 1e300]}
    assert make(tmp_path).get(("key", 1), lambda: next(contents)) == {"a": [0.1, 1e300]}
    assert store.get(("key", 2), lambda: next(contents)) == "made twice"


def test_other_sources_are_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make(tmp_path)
    store.write("key", 1)
    assert SourceKeyedStore(tmp_path, MODULES[:1], ("numpy",)).read("key") is None
    assert SourceKeyedStore(tmp_path, MODULES).read("key") is None
    monkeypatch.setattr(source_keyed_store, "_source_version", lambda *_: "edited")
    assert store.read("key") is None


@pytest.mark.parametrize("name", ["orbit_gym.utils.nowhere", "utils.units"])
def test_a_module_that_moved_is_told_at_once(tmp_path: Path, name: str) -> None:
    """Left out of the hash it would let stale entries be found."""
    with pytest.raises(ValueError, match=f"there is no module {name!r}"):
        SourceKeyedStore(tmp_path, (name,))
    with pytest.raises(ValueError, match=f"there is no module {name!r}"):
        source_version((units, name))


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"content": 2}', '{"content": 2, "check": "0"}', "null"]
)
def test_a_damaged_entry_is_made_anew(tmp_path: Path, damage: str) -> None:
    store = make(tmp_path)
    store.write("key", 1)
    store.path("key").write_text(damage)
    assert store.read("key") is None
    assert store.get("key", lambda: 1) == 1 == store.read("key")


def test_a_changed_content_is_damaged(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.write("key", [0.5, 0.25])
    entry = json.loads(store.path("key").read_text())
    store.path("key").write_text(json.dumps(entry | {"content": [0.5, 0.75]}))
    assert store.read("key") is None


def test_entries_that_nobody_used_are_removed_and_used_ones_stay(tmp_path: Path) -> None:
    store = make(tmp_path)
    for key in ("used", "unused"):
        store.write(key, key)
    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 200.0,) * 2)
    assert store.read("used") == "used"
    store.write("new", "new")
    assert sorted(json.loads(path.read_text())["content"] for path in tmp_path.iterdir()) == [
        "new",
        "used",
    ]


def test_where_nothing_can_be_written_contents_are_made_each_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a file stands where the folder should be")
    contents = iter([1, 2])
    store = make(path)
    assert [store.get("key", lambda: next(contents)) for _ in range(2)] == [1, 2]
