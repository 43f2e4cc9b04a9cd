"""Stations from a CSV: columns in use, bands, names, and what is told of a wrong cell."""

import json
from pathlib import Path

import pytest

from orbit_gym.scenario.loading import load_scenario, scenario_to_dict
from orbit_gym.scenario.scenario import Station
from orbit_gym.scenario.station_csv import read_stations

HEADER = "name,latitude_deg,longitude_deg,altitude_m,mask_deg,bands,datacentre\n"


def write(folder: Path, text: str, name: str = "stations.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_column_reaches_its_field(tmp_path: Path) -> None:
    text = (
        "Name,latitude_deg,longitude_deg,altitude_m,mask_deg,antennas,"
        "downlink_bps,uplink_bps,datacentre,bands,note\n"
    )
    text += (
        'Kiruna,67.86,20.96,390,5,2,1e9,2e6,Hangzhou,X,"Esrange, Sweden"\n\nMiyun, 40.45 '
        ",116.86,,,,,,,,\n"
    )
    kiruna, miyun = read_stations(write(tmp_path, text))
    assert kiruna == Station(
        "Kiruna", 67.86, 20.96, 390.0, 5.0, 2, 1e9, 2e6, "Hangzhou"
    )  # a typed rate overrules the band's
    assert miyun == Station("Miyun", 40.45, 116.86)  # an empty cell leaves the default


@pytest.mark.parametrize(
    ("bands", "downlink_bps"),
    [
        ("X", 1.2e9),
        ("S|X|Ka", 1.5e9),
        ("ka", 1.5e9),
        ("S", 2e6),
        ("UHF|S", 2e6),
        ("S / X", 1.2e9),
        ("Optical", 120e9),
        ("X|Optical", 1.2e9),
        ("", 1.2e9),
    ],
)
def test_a_band_stands_for_a_rate(tmp_path: Path, bands: str, downlink_bps: float) -> None:
    (station,) = read_stations(write(tmp_path, f"{HEADER}A,0,0,0,10,{bands},\n"))
    assert station.downlink_bps == downlink_bps
    assert station.is_optical == (
        bands == "Optical"
    )  # clouds block a station that has nothing else


def test_published_lists_can_be_read(shared_data: Path) -> None:
    """Authority for the numbers: the data's own description.

    Names that several operators use carry the operator's.
    """
    chinese = read_stations(shared_data / "ground_stations" / "china_stations_approx.csv")
    assert len(chinese) == 8 and chinese[0] == Station("Miyun", 40.45, 116.86, downlink_bps=1.5e9)
    commercial = read_stations(
        shared_data / "ground_stations" / "commercial_ground_stations_brahe.csv"
    )
    assert len(commercial) == 114 and commercial[0] == Station("Utqiagvik", 71.27, -156.81)
    shared = [station.name for station in commercial if station.name.startswith("Svalbard")]
    assert len({station.name for station in commercial}) == 114 and all(
        "(" in name for name in shared if len(shared) > 1
    )
    with pytest.raises(
        ValueError, match=r"line 266: the name 'Hyderabad' stands in line 38 already"
    ):  # one in India, one in Pakistan
        read_stations(shared_data / "ground_stations" / "cities_top1000_hypatia.csv")


def test_names_shared_by_operators_carry_them(tmp_path: Path) -> None:
    text = (
        "name,provider,lat_deg,lon_deg\n"
        "Awarua,ksat,-46.5,168.4\nAwarua,ssc,-46.5,168.4\nInuvik,ksat,68.3,-133.5\n"
    )
    assert [station.name for station in read_stations(write(tmp_path, text))] == [
        "Awarua (ksat)",
        "Awarua (ssc)",
        "Inuvik",
    ]


def test_a_scenario_adds_them_to_its_own(tmp_path: Path) -> None:
    """Relative to the TOML that names it, also through extends.

    The made Scenario is whole, so its dict needs the file no more.
    """
    write(tmp_path, HEADER + "Dongara,-31.8,115.9,20,10,X,Hangzhou\n")
    (tmp_path / "sub").mkdir()
    write(tmp_path, 'extends = "Ring12"\nstations_file = "stations.csv"\n', "mine.toml")
    path = write(tmp_path / "sub", 'extends = "../mine.toml"\nstations = []\n', "only.toml")
    ring, variant, without_base = (
        load_scenario("Ring12"),
        load_scenario(tmp_path / "mine.toml"),
        load_scenario(path),
    )
    dongara = Station("Dongara", -31.8, 115.9, 20.0, 10.0, datacentre="Hangzhou")
    assert (
        variant.stations == (*ring.stations, dongara)
        and without_base.stations == (dongara,)
        and variant.stations_file == ""
    )
    plain = json.loads(json.dumps(scenario_to_dict(variant)))
    (tmp_path / "stations.csv").unlink()
    assert load_scenario(plain) == variant
    with pytest.raises(
        ValueError, match=r"^mine\.toml: stations_file '.*stations\.csv' does not exist"
    ):
        load_scenario(tmp_path / "mine.toml")


def test_names_of_file_and_scenario_must_differ(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "Miyun,40.45,116.86,0,10,X,\n")
    with pytest.raises(ValueError, match=r"need distinct names; 'Miyun' stands twice"):
        load_scenario("Ring12", {"stations_file": str(path)})
    path = write(tmp_path, HEADER + "Dongara,-31.8,115.9,0,10,X,Hangzhuo\n")
    with pytest.raises(
        ValueError,
        match=r"station 'Dongara' names an unknown datacentre 'Hangzhuo'; choose from Hangzhou",
    ):
        load_scenario("Ring12", {"stations_file": str(path)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r" is empty; its first line names the columns"),
        (HEADER, r" holds no station below its first line"),
        (
            "name,latitude_deg\nA,1\n",
            r", line 1: no column longitude_deg \(or lon_deg, longitude, lon, lng\); got name, "
            r"latitude_deg",
        ),
        (
            "latitude_deg,longitude_deg\n1,1\n",
            r", line 1: no column name; got latitude_deg, longitude_deg",
        ),
        (
            "name,lat,lon,mask_dge\nA,1,1,5\n",
            r", line 1: unknown column 'mask_dge'; did you mean 'mask_deg'\?",
        ),
        ("name,lat,latitude_deg,lon\nA,1,1,5\n", r", line 1: two columns hold latitude_deg"),
        (HEADER + "A,1,2,0,10,X,\nB,,2,0,10,X,\n", r", line 3: station 'B' has no latitude_deg"),
        (HEADER + ",1,2,0,10,X,\n", r", line 2: station '' has no name"),
        (
            HEADER + "A,91,2,0,10,X,\n",
            r", line 2: station 'A': station\.latitude_deg must be at least -90 and at most "
            r"90, got 91\.0",
        ),
        (
            HEADER + "A,1,181,0,10,X,\n",
            r", line 2: station 'A': station\.longitude_deg must be .* got 181\.0",
        ),
        (
            HEADER + "A,nan,2,0,10,X,\n",
            r", line 2: station 'A': station\.latitude_deg must be finite, got nan",
        ),
        (HEADER + "A,40N,2,0,10,X,\n", r", line 2: latitude_deg must be a number, got '40N'"),
        (
            HEADER + "A,1,2,0,95,X,\n",
            r", line 2: station 'A': station\.mask_deg must be .* got 95\.0",
        ),
        (
            HEADER + "A,1,2,0,10,X|Q,\n",
            r", line 2: unknown band 'Q' in 'X\|Q'; choose from S, X, KA, OPTICAL, VHF",
        ),
        (
            "name,lat,lon,antennas\nA,1,2,1.5\n",
            r", line 2: antennas must be a whole number, got '1\.5'",
        ),
        (
            HEADER + "A,1,2,0,10,X,\nA,3,4,0,10,X,\n",
            r", line 3: the name 'A' stands in line 2 already",
        ),
        ("name,lat,lon\nA,1,2,3\n", r", line 2: 4 cells under 3 columns"),
        ('name,lat,lon\n"A,1,2\n', r", line 2: is not valid CSV"),
    ],
)
def test_mistakes_name_file_line_and_value(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"stations_file '.*stations\.csv'" + message):
        read_stations(write(tmp_path, text))
