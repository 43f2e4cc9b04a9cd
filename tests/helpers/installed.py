"""A package that is installed for one process: its module and entry points in a folder."""

from pathlib import Path


def install(folder: Path, module: str, source: str, entry_points: str) -> None:
    """Write a module and the metadata of a package of its name; the folder goes on PYTHONPATH."""
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    metadata = folder / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_points, encoding="utf-8")
