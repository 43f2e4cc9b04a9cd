"""docs/guides/constellations.md: its example loads as it stands, and its figures are the code's."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from sgp4.api import Satrec
from sgp4.exporter import export_omm

from orbit_gym.orbits import elements, planes
from orbit_gym.orbits import sgp4_source as orbits
from orbit_gym.orbits.omm import OMM_RANGES
from orbit_gym.orbits.positions import load_orbits
from orbit_gym.scenario.loading import load_scenario
from tests.helpers.pages import DOCS
from tests.orbits.test_elements import LINE1, LINE2, OTHER1, OTHER2

TEXT = (DOCS / "guides" / "constellations.md").read_text(encoding="utf-8")


def block(marker: str) -> str:
    match = re.search(rf"<!-- {marker} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    assert match
    return match[1]


def test_the_example_loads(tmp_path: Path) -> None:
    """One satellite of each file, one more that is broken, 24 and 12 of the shells, two
    stations.
    """
    (tmp_path / "mine.toml").write_text(block("example"), encoding="utf-8")
    (tmp_path / "stations.csv").write_text(block("stations"), encoding="utf-8")
    (tmp_path / "mine.tle.gz").write_bytes(
        gzip.compress(f"A\n{LINE1}\n{LINE2}\nBROKEN\n{LINE1}\n".encode())
    )
    (tmp_path / "gp.json").write_text(
        json.dumps([export_omm(Satrec.twoline2rv(OTHER1, OTHER2), "B")]), encoding="utf-8"
    )
    scenario = load_scenario(tmp_path / "mine.toml")
    with pytest.warns(UserWarning, match="1 satellites left out"):
        fleet = load_orbits(scenario)
    assert fleet.names[:3] == ("A", "B", "A-P01S01") and len(fleet.names) == 38
    assert [(item.count, item.reason) for item in fleet.skipped] == [(1, "TLE line 2: missing")]
    assert [
        (station.name, station.mask_deg, station.downlink_bps) for station in scenario.stations
    ] == [
        ("Kiruna", 5.0, 1.2e9),
        ("Dongara", 10.0, 1.5e9),
    ]


def test_figures_are_those_of_the_code() -> None:
    assert all(f"`{name}`" in TEXT for name in (*OMM_RANGES, "EPOCH"))
    assert f"Elements more than {orbits.GOOD_FOR_DAYS:g} days" in TEXT and orbits.FLOWN_DAYS == 9
    assert (orbits.LOW_M, orbits.CHECK_STEP_S) == (300e3, 120.0)
    assert elements.SkippedElements.__name__ in TEXT
    assert (planes.HEIGHT_GAP_M, planes.HEIGHT_WIDTH_M) == (20e3, 40e3)
    angles_rad = [
        planes.INCLINATION_GAP_RAD,
        planes.INCLINATION_WIDTH_RAD,
        planes.NORMAL_GAP_RAD,
        planes.NORMAL_WIDTH_RAD,
    ]
    assert np.degrees(angles_rad) == pytest.approx([0.5, 2.0, 1.0, 3.0])
