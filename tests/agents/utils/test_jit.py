"""Kernels of agents are compiled anew after an edit of a callee in another file, on either side."""

import shutil
from pathlib import Path

import pytest

from agents.utils import jit
from orbit_gym.utils import kernel_cache
from tests.helpers.fresh import output_of

SOURCES = {
    "orbit_gym/__init__.py": "from orbit_gym.utils.kernel_cache import "
    "set_cache_folder\nset_cache_folder()\n",
    "orbit_gym/utils/__init__.py": "",
    "orbit_gym/callee.py": "from orbit_gym.utils.jit import inline_kernel\n\n\n@inline_kernel\ndef "
    "twice(x):\n    return 2 * x\n",
    "agents/__init__.py": "",
    "agents/utils/__init__.py": "",
    "agents/constants.py": "MORE = 1\n",
    "agents/helper.py": "from agents.constants import MORE\nfrom agents.utils.jit import "
    "inline_kernel\n\n\n"
    "@inline_kernel\ndef more(x):\n    return x + MORE\n",
    "agents/caller.py": "from agents.helper import more\nfrom agents.utils.jit import "
    "threaded_kernel\nfrom orbit_gym.callee import twice\n\n\n"
    "@threaded_kernel\ndef kernel(x):\n    return more(twice(x))\n",
    "agents/other.py": "x = 1\n",
}
ASK = (
    "import orbit_gym, agents.caller as c; print(c.kernel(10), "
    "sum(c.kernel.stats.cache_hits.values()))"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(Path(jit.__file__), tmp_path / "agents" / "utils" / "jit.py")
    for name in ("kernel_cache.py", "jit.py"):
        shutil.copy(
            Path(kernel_cache.__file__).with_name(name), tmp_path / "orbit_gym" / "utils" / name
        )
    return tmp_path


def ask(tree: Path) -> tuple[int, int]:
    """Result of the kernel in a fresh process, and how many of its signatures came from the file
    cache.
    """
    result, hits = output_of(ASK, tree, XDG_CACHE_HOME=str(tree / "cache")).split()
    return int(result), int(hits)


def test_an_edit_in_another_file_changes_the_result(tree: Path) -> None:
    assert ask(tree) == (21, 0)
    (tree / "agents" / "other.py").write_text("x = 2\n")  # no kernel imports it
    assert ask(tree) == (21, 1)
    (tree / "agents" / "constants.py").write_text("MORE = 5\n")
    assert ask(tree) == (25, 0)
    (tree / "orbit_gym" / "callee.py").write_text(
        SOURCES["orbit_gym/callee.py"].replace("2 *", "3 *")
    )
    assert ask(tree) == (35, 0)


def test_the_environments_own_folder_is_left_as_it_was(tree: Path) -> None:
    ask(tree)
    (folder,) = (tree / "cache" / "orbit_gym").iterdir()
    kernels = sorted(
        path.relative_to(folder).parts[0].partition("-")[0] for path in folder.rglob("*.nbi")
    )
    assert (
        kernels.count("agents") == 2 and len(kernels) == 3
    )  # more and kernel; twice in a folder of the environment's


def test_kernels_are_known_by_their_import_wherever_the_module_stands(tree: Path) -> None:
    """The module moves, and a file imports it in another form."""
    (tree / "agents" / "kernels").mkdir()
    (tree / "agents" / "kernels" / "__init__.py").write_text("")
    (tree / "agents" / "utils" / "jit.py").rename(tree / "agents" / "kernels" / "jit.py")
    for name in ("helper.py", "caller.py"):
        path = tree / "agents" / name
        text = path.read_text().replace("agents.utils.jit", "agents.kernels.jit")
        path.write_text(text)
    text = (tree / "agents" / "helper.py").read_text()
    other_form = text.replace(
        "from agents.kernels.jit import inline_kernel", "from agents.kernels import jit"
    ).replace("@inline_kernel", "@jit.inline_kernel")
    assert other_form != text
    (tree / "agents" / "helper.py").write_text(other_form)
    program = "import orbit_gym; from agents.kernels.jit import kernel_sources; "
    program += "print(*(path.name for path in kernel_sources()))"
    names = output_of(program, tree, XDG_CACHE_HOME=str(tree / "cache")).split()
    assert {"helper.py", "caller.py", "constants.py"} <= set(names) and "other.py" not in names
