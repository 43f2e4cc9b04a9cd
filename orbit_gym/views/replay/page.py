"""Page: one self-contained HTML file that plays one log, or two of the same episode side by
side.
"""

import base64
import os
from importlib import resources
from pathlib import Path

from orbit_gym.utils.atomic_files import replacing
from orbit_gym.views.episode_log.log import EpisodeLog
from orbit_gym.views.replay.pack import pack

ASSETS = resources.files("orbit_gym") / "views" / "assets"
MOST_LOGS = 2


def write_page(path: str | os.PathLike[str], logs: list[EpisodeLog]) -> Path:
    """Write the page of one or two logs.

    ValueError before anything is written if they do not fit together.
    """
    return write_text(path, page(logs))


def page(logs: list[EpisodeLog]) -> str:
    """HTML text of one or two logs."""
    if not 1 <= len(logs) <= MOST_LOGS:
        raise ValueError(f"a replay shows one episode log, or two side by side; got {len(logs)}")
    parts = {
        "data": base64.b64encode(pack(logs)).decode(),
        "style": _asset("replay.css"),
        "coastlines": _asset("coastlines.json"),
        "script": _asset("replay.js").replace("</script", "<\\/script"),
    }
    text = _asset("replay.html")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text beside its place and move it there."""
    with replacing(path) as file:
        file.write(text.encode())
    return Path(path)
