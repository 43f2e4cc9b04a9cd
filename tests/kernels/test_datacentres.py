"""Several datacentres behind one station: own delay, own bandwidth, own accelerators."""

import pytest

from tests.helpers.playing import running

# Tiny's station Malindi, wired to Nairobi (30 ms, 10 Gbit/s) and to a second one.
STATION = {
    "name": "Malindi",
    "latitude_deg": -2.99,
    "longitude_deg": 40.19,
    "datacentre": "Nairobi",
    "more_datacentres": ["Mombasa"],
}
NAIROBI = {"name": "Nairobi", "latitude_deg": -1.28, "longitude_deg": 36.82, "accelerator_count": 1}
MOMBASA = {
    "name": "Mombasa",
    "latitude_deg": -4.04,
    "longitude_deg": 39.67,
    "fibre_delay_s": 0.005,
    "fibre_bps": 1e9,
    "accelerator_count": 2,
}


def test_each_datacentre_has_its_delay_and_bandwidth() -> None:
    """Both inputs come down in the same transfer.

    Then bits / bandwidth + delay of the fibre: closed form, 1 microsecond.
    """
    simulation = running("Tiny", 0, {"stations": [STATION], "datacentres": [NAIROBI, MOMBASA]})
    bits = float(simulation.episode.tasks["input_bits"][0])
    nairobi, mombasa = simulation.plan(3), simulation.plan(4)
    assert simulation.n_actions == 6 and [nairobi.node, mombasa.node] == [4, 5]
    assert nairobi.input_hops[:-1] == mombasa.input_hops[:-1] and len(nairobi.input_hops) > 1
    by_fibre = {"Nairobi": bits / 10e9 + 0.030, "Mombasa": bits / 1e9 + 0.005}
    assert mombasa.arrival_s - nairobi.arrival_s == pytest.approx(
        by_fibre["Mombasa"] - by_fibre["Nairobi"], abs=1e-6
    )
    assert nairobi.arrival_s - nairobi.input_hops[-1].start_s == pytest.approx(
        by_fibre["Nairobi"], abs=1e-6
    )


def test_a_station_wired_to_one_reaches_only_that_one() -> None:
    simulation = running(
        "Tiny",
        0,
        {"stations": [STATION | {"more_datacentres": []}], "datacentres": [NAIROBI, MOMBASA]},
    )
    assert simulation.plan(3).exists and not simulation.plan(4).exists
    assert simulation.candidate_nodes.tolist()[-2:] == [4, -1]


def test_wiring_is_checked() -> None:
    with pytest.raises(
        ValueError,
        match="station 'Malindi' names an unknown datacentre 'Lamu'; choose from Nairobi",
    ):
        running("Tiny", 0, {"stations": [STATION | {"more_datacentres": ["Lamu"]}]})
    with pytest.raises(
        ValueError, match="station 'Malindi' names a datacentre twice: Nairobi, Nairobi"
    ):
        running("Tiny", 0, {"stations": [STATION | {"more_datacentres": ["Nairobi"]}]})
