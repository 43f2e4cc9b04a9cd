"""Entry points of installed packages are registered once; a broken one costs one warning."""

from pathlib import Path
from typing import Any

import pytest

from orbit_gym.utils.plugins import install_plugins

PACKAGE = """
[orbit_gym.test_{number}]
absent = no_such_module_{number}:X
refused_name = plugin_{number}:WORD
word = plugin_{number}:WORD
"""


def install(folder: Path, number: int) -> str:
    """Put a package with three entry points on a path; returns their group."""
    dist_info = folder / f"plugin_{number}-1.0.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin_{number}\n")
    (dist_info / "entry_points.txt").write_text(PACKAGE.format(number=number))
    (folder / f"plugin_{number}.py").write_text('WORD = "hello"\n')
    return f"orbit_gym.test_{number}"


def test_what_can_be_loaded_is_registered_once_and_the_rest_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = install(tmp_path, 1)
    monkeypatch.syspath_prepend(tmp_path)
    registered: list[tuple[str, Any]] = []

    def register(name: str, value: Any) -> None:
        if name == "refused_name":
            raise ValueError("this name is taken")
        registered.append((name, value))

    with pytest.warns(UserWarning) as messages:
        install_plugins(group, register)
        install_plugins(group, register)
    assert registered == [("word", "hello")]
    assert [str(message.message) for message in messages] == [
        "plug-in 'absent' of package plugin_1 (orbit_gym.test_1: no_such_module_1:X) is left out: "
        "ModuleNotFoundError: No module named 'no_such_module_1'",
        "plug-in 'refused_name' of package plugin_1 (orbit_gym.test_1: plugin_1:WORD) is left "
        "out: ValueError: this name is taken",
    ]


def test_a_group_that_nobody_extends_is_silent() -> None:
    registered: list[str] = []
    install_plugins("orbit_gym.nobody", lambda name, value: registered.append(name))
    assert registered == []
