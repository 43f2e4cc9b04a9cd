"""Python code in a process of its own, for what happens once a process: imports, compiling,
caches.
"""

import os
import subprocess
import sys
from pathlib import Path

CACHES = ("NUMBA_CACHE_DIR", "PYTHONPATH", "XDG_CACHE_HOME")


def output_of(code: str, folder: Path, **more: str) -> str:
    """What the code prints when run in a folder whose packages it imports.

    Cache folders are those given in more, if any.
    """
    environment = {key: value for key, value in os.environ.items() if key not in CACHES}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"} | more
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
