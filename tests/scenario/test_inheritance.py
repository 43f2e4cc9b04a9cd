"""What a variant changes of the scenario it extends, element by element or as a new array."""

from pathlib import Path

import pytest

from orbit_gym.scenario.loading import load_scenario

RING = load_scenario("Ring12")


def variant(folder: Path, text: str, name: str = "mine.toml"):
    path = folder / name
    path.write_text(text)
    return load_scenario(path)


def test_a_table_of_a_name_changes_that_element_alone(tmp_path: Path) -> None:
    scenario = variant(tmp_path, 'extends = "Ring12"\n[stations.Kiruna]\nmask_deg = 5.0')
    changed = {
        changed_station.name: (changed_station.mask_deg, base_station.mask_deg)
        for changed_station, base_station in zip(scenario.stations, RING.stations, strict=True)
        if changed_station != base_station
    }
    assert changed == {"Kiruna": (5.0, 10.0)}


def test_a_new_name_is_added_at_the_end(tmp_path: Path) -> None:
    scenario = variant(
        tmp_path,
        'extends = "Ring12"\n[stations."O\'Higgins"]\nlatitude_deg = -63.32\nlongitude_deg = -57.9',
    )
    assert scenario.stations[:-1] == RING.stations
    assert scenario.stations[-1].name == "O'Higgins"
    assert scenario.stations[-1].downlink_bps == 1.2e9  # a default, not what the others have


def test_a_star_changes_every_inherited_element_and_a_name_has_the_last_word(
    tmp_path: Path,
) -> None:
    scenario = variant(
        tmp_path,
        'extends = "Ring12"\n[stations."*"]\nmask_deg = 3.0\n[stations.Sanya]\nmask_deg = 4.0\n'
        '[users.sites."*"]\nweight = 2.0',
    )
    masks = {station.name: station.mask_deg for station in scenario.stations}
    assert masks == {station.name: 3.0 for station in RING.stations} | {"Sanya": 4.0}
    assert {site.weight for site in scenario.users.sites} == {2.0}
    assert [site.name for site in scenario.users.sites] == [site.name for site in RING.users.sites]


def test_a_chain_of_files_and_overrides_goes_on_from_what_it_inherits(tmp_path: Path) -> None:
    variant(tmp_path, 'extends = "Ring12"\n[stations.Sanya]\nmask_deg = 4.0', "first.toml")
    path = tmp_path / "second.toml"
    path.write_text('extends = "first.toml"\n[stations."*"]\ndownlink_bps = 1e6')
    scenario = load_scenario(path, {"stations.Sanya.antennas": 2, "stations.*.uplink_bps": 1e6})
    sanya = next(station for station in scenario.stations if station.name == "Sanya")
    assert (sanya.mask_deg, sanya.downlink_bps, sanya.antennas) == (4.0, 1e6, 2)
    assert {station.uplink_bps for station in scenario.stations} == {1e6}


def test_an_array_replaces_what_is_inherited(tmp_path: Path) -> None:
    text = 'extends = "Ring12"\n[[stations]]\nname = "A"\nlatitude_deg = 1\nlongitude_deg = 2'
    assert [station.name for station in variant(tmp_path, text).stations] == ["A"]
    assert variant(tmp_path, 'extends = "Ring12"\nstations = []').stations == ()


def test_named_tables_stand_for_an_array_where_nothing_is_inherited(tmp_path: Path) -> None:
    scenario = variant(
        tmp_path,
        '[[constellation.shells]]\nwalker = "53:2/1/0"\naltitude_m = 5e5\n[workload.mix]\n'
        "eo_scene = 1\n[stations.A]\nlatitude_deg = 1\nlongitude_deg = 2",
    )
    assert [station.name for station in scenario.stations] == ["A"]


MISTAKES = [
    ("[stations]\nKiruna = 3", r"stations\.Kiruna must be a table, got 3"),
    ("[stations.Kirunna]\nmask_deg = 3", r"station 'Kirunna' has no latitude_deg"),
    ("[stations.Kiruna]\nmask = 3", r"unknown key 'mask' in station 'Kiruna'; did you mean"),
    (
        '[datacentres.Hangzhou.accelerator]\nlanes = 0\n[stations."*"]\nmask_deg = 3',
        r"datacentre 'Hangzhou'\.accelerator: accelerator\.lanes must be at least 1",
    ),
    ("[constellation.shells.A]\nplanes = 2", r"constellation\.shells must be an array"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_mistakes_are_answered(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        variant(tmp_path, f'extends = "Ring12"\n{text}')


def test_a_star_without_anything_inherited_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'stations\."\*" changes every inherited element, but no'):
        variant(tmp_path, '[stations."*"]\nmask_deg = 3')
