"""Project files: one version, a licence in the wheel, links that a package index can follow."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import yaml

import orbit_gym

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGETS = re.compile(r'\]\(([^)\s]+)|\b(?:src|srcset|href)="([^"]+)"')  # of links and pictures
HINTS = re.compile(r"`((?:\w+/)+[\w./]*|[\w-]+\.(?:md|toml|txt|cff))`")  # paths in prose


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_stands_in_one_place_and_the_citation_follows() -> None:
    assert orbit_gym.__version__ == PROJECT["version"]
    assert str(yaml.safe_load(text_of("CITATION.cff"))["version"]) == PROJECT["version"]
    assert f"## [{PROJECT['version']}]" in text_of("CHANGELOG.md")
    sources = [*(ROOT / "orbit_gym").rglob("*.py"), *(ROOT / "agents").rglob("*.py")]
    assert not [path for path in sources if f'"{PROJECT["version"]}"' in path.read_text("utf-8")]


def test_the_page_says_how_to_cite_as_the_citation_file_does() -> None:
    citation = yaml.safe_load(text_of("CITATION.cff"))
    (bibtex,) = re.findall(r"```bibtex\n(.*?)```", text_of("docs/faq.md"), re.DOTALL)
    entries = dict(re.findall(r"^  (\w+) = \{+(.*?)\}+,$", bibtex, re.MULTILINE))
    assert entries == {
        "title": citation["title"],
        "author": citation["authors"][0]["name"],
        "version": citation["version"],
        "year": str(citation["date-released"])[:4],
        "license": citation["license"],
        "url": citation["repository-code"],
    }


def test_the_citation_names_the_day_of_the_release() -> None:
    release_day = yaml.safe_load(text_of("CITATION.cff"))["date-released"]
    assert f"## [{PROJECT['version']}] - {release_day}" in text_of("CHANGELOG.md")


def test_lowest_versions_are_the_lower_bounds() -> None:
    """The CI job of lowest versions would otherwise test others than those promised."""
    requirements = [*PROJECT["dependencies"]]
    for extra in ("train", "viz"):
        requirements += PROJECT["optional-dependencies"][extra]
    bounds = dict(re.match(r"([\w-]+)[>=]=([\d.]+)", text).groups() for text in requirements)
    lines = text_of("constraints-lowest.txt").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins.keys() == bounds.keys()
    for name, bound in bounds.items():
        assert re.fullmatch(rf"{re.escape(bound)}(\.0)*", pins[name]), name


@pytest.mark.parametrize("path", ["CONTRIBUTING.md", "CHANGELOG.md", "NOTICE", "CITATION.cff"])
def test_files_that_are_named_are_there(path: str) -> None:
    """Recipes name the files to edit: a move must take them along."""
    hints = HINTS.findall(text_of(path))
    missing = [hint for hint in hints if not (ROOT / hint).exists()]
    assert not missing


def test_recipes_name_tables_that_are_there() -> None:
    """`NAME` of `file`, `NAME` in `file`: that file defines the name."""
    pairs = re.findall(
        r"((?:`\w+`(?:, | and )?)+) (?:of|in) `([\w/]+\.py)`", text_of("CONTRIBUTING.md")
    )
    names = [(name, path) for group, path in pairs for name in re.findall(r"`(\w+)`", group)]
    assert len(names) > 10
    definition = r"(?m)^(?:def |class )?{}\b"
    missing = [
        pair for pair in names if not re.search(definition.format(pair[0]), text_of(pair[1]))
    ]
    assert not missing


@pytest.mark.parametrize(
    "path",
    [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"],
    ids=lambda path: path.name,
)
def test_what_a_host_reads_is_valid(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    if path.parent.name == "workflows":
        assert all("timeout-minutes" in job for job in content["jobs"].values())
    if "body" in content:  # an issue form
        assert content.keys() >= {"name", "description"}
        assert all(part["attributes"]["label"] for part in content["body"])


def test_workflows_run_scripts_and_extras_that_are_there() -> None:
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / ".github/workflows").iterdir())
    scripts = re.findall(r"(?<![\w.])\.ci/[\w.-]+", text)
    assert scripts and not [script for script in scripts if not (ROOT / script).is_file()]
    extras = {
        extra for group in re.findall(r'"\.\[([\w,]+)\]"', text) for extra in group.split(",")
    }
    assert extras and extras <= PROJECT["optional-dependencies"].keys()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build from a copy, which has no remains of earlier builds."""
    source = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "orbit_gym", source / "orbit_gym", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(source / "out")]
    build = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=120)
    assert build.returncode == 0, build.stdout + build.stderr
    (path,) = (source / "out").glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """What a package index shows."""
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_the_wheel_holds_the_licences_and_all_data(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE", "LICENSE-three.txt", "LICENSE-coastlines.txt"}
    packaged = {name for name in names if name.startswith("orbit_gym/")}
    tracked = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "orbit_gym").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packaged == tracked
    assert {name.split("/")[0] for name in names} == {
        "orbit_gym",
        f"orbit_gym-{PROJECT['version']}.dist-info",
    }


def test_metadata_say_whose_it_is_and_under_which_licence(metadata: Message) -> None:
    assert metadata["Version"] == PROJECT["version"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Author"] == "The OrbitGym developers"
    assert "Copyright 2026 The OrbitGym developers" in text_of("LICENSE")
    labels = {line.split(",")[0] for line in metadata.get_all("Project-URL", [])}
    assert labels >= {"Homepage", "Documentation", "Source", "Changelog", "Issues"}


def test_the_readme_on_an_index_leads_where_that_of_the_checkout_leads(metadata: Message) -> None:
    """Every link and picture is absolute, and is the file of this version that README.md names."""
    payload = metadata.get_payload(decode=True)
    assert isinstance(payload, bytes)
    wheel_links = ["".join(pair) for pair in TARGETS.findall(payload.decode())]
    readme_links = ["".join(pair) for pair in TARGETS.findall(README)]
    assert len(wheel_links) == len(readme_links) and any(
        not link.startswith("http") for link in readme_links
    )
    for link, original in zip(wheel_links, readme_links):
        if original.startswith(("https:", "http:", "mailto:", "#")):
            assert link == original
            continue
        host = "raw.githubusercontent.com/orbit-gym/orbit-gym"
        pages = "github.com/orbit-gym/orbit-gym/blob"
        is_picture = Path(original).suffix in {".png", ".svg", ".gif", ".webp", ".jpg"}
        base = host if is_picture else pages
        assert link == f"https://{base}/v{PROJECT['version']}/{original}"
        assert (ROOT / original.split("#")[0]).exists(), original


def test_the_lowest_job_uses_the_lowest_versions() -> None:
    jobs = yaml.safe_load(text_of(".github/workflows/ci.yml"))["jobs"]
    assert "-c constraints-lowest.txt" in json.dumps(jobs["lowest"])
    assert set(jobs["newest"]["strategy"]["matrix"]["python"]) == {
        text.rsplit(" ", 1)[1] for text in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)
    }
