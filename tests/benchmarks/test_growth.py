"""Growth curves: exponents of known laws, points that are kept, what is asked for by mistake, and
one point measured.
"""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import growth
from benchmarks.growth import Options, check, fits, missing, read, write
from benchmarks.growth_plots import draw, exponent
from benchmarks.growth_points import CURVES, N_STARLINK, Curve, is_there, measure


def point(step_us: float, world_bytes: float = 1e6, used_bytes: float = 1e4) -> dict:
    return {
        "step_us": step_us,
        "quartiles_us": [0.9 * step_us, 1.2 * step_us],
        "decisions": 10,
        "of_decisions": 20,
        "world_bytes": world_bytes,
        "state_bytes": 2.0 * used_bytes,
        "used_bytes": used_bytes,
        "peak_rss_bytes": 3e8,
        "ready_s": 1.0,
        "plans_lost": 0,
    }


def test_exponents_of_power_laws_inside_the_fitted_range() -> None:
    """y = 3 x^1.5 from 10 on; the point at 1 lies elsewhere and is another regime."""
    curve = Curve("", "x", (1.0, 10.0, 20.0, 80.0), lambda value: None, fit_from=10.0)  # type: ignore[arg-type, return-value]
    points = {value: point(3.0 * value**1.5, 5.0 / value) for value in curve.values[1:]} | {
        1.0: point(1e6)
    }
    assert exponent(curve, points, "step_us") == pytest.approx(1.5, abs=1e-12)
    assert exponent(curve, points, "world_bytes") == pytest.approx(-1.0, abs=1e-12)
    assert np.isnan(exponent(curve, {10.0: point(1.0)}, "step_us"))


def test_points_that_are_there_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "figures" / "growth.json"
    assert read(path) == {}
    figures = {"load": {0.3: point(10.0), 1.0: point(20.0)}}
    write(path, figures)
    assert read(path) == figures and [file.name for file in path.parent.iterdir()] == [
        "growth.json"
    ]
    left = [value for _, value in missing(Options(curves=("load",)), read(path))]
    assert left == [value for value in CURVES["load"].values if value not in (0.3, 1.0)]
    assert [
        value for _, value in missing(Options(curves=("load",), remeasure=True), read(path))
    ] == list(CURVES["load"].values)
    assert list(missing(Options(curves=("load",), values=(1.0, 2.0)), read(path))) == [
        ("load", 2.0)
    ]


def test_a_point_that_fails_is_told_and_the_rest_is_measured(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    def fake_point(name: str, value: float, seconds: float) -> dict:
        if value == 0.5:
            raise ValueError("a World of 12 satellites needs about 99 GB")
        return point(value)

    monkeypatch.setattr(growth, "in_own_process", fake_point)
    options = Options(curves=("load",), values=(0.3, 0.5, 0.7), figures=tmp_path / "growth.json")
    growth.measure_missing(options, {})
    assert sorted(read(options.figures)["load"]) == [0.3, 0.7]
    assert (
        "load 0.5 is left out: a World of 12 satellites needs about 99 GB"
        in capsys.readouterr().out
    )


def test_the_first_opening_is_remembered() -> None:
    """A World compiled once and found on disk afterwards: its first seconds and peak stay in the
    file, through any number of runs.
    """
    slow, quick = {"ready_s": 90.0, "peak_rss_bytes": 2e9}, {"ready_s": 9.0, "peak_rss_bytes": 1e9}
    first_point = growth._with_longest_opening(dict(slow), None)
    assert first_point == slow
    twice = growth._with_longest_opening(dict(quick), first_point)
    assert twice == {**quick, "first": slow}
    assert growth._with_longest_opening(dict(quick), twice) == twice


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            Options(curves=("loads",)),
            "there is no curve 'loads'; choose from satellites, candidates, load, episode, "
            "look_ahead",
        ),
        (
            Options(curves=("load",), values=(3.0,)),
            "no curve has a point at 3; choose from 0.3, 0.5, 0.7, 1, 1.4, 2",
        ),
        (Options(seconds=0.0), "seconds must be positive, got 0"),
        (Options(seconds=float("nan")), "seconds must be positive, got nan"),
    ],
)
def test_what_cannot_be_measured_is_refused(options: Options, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        check(options)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "growth.json"
    for text in ("[1, 2]", "{"):
        path.write_text(text)
        with pytest.raises(ValueError, match="must be a file of figures that this benchmark wrote"):
            read(path)


def test_pictures_and_fits_need_the_figures_alone(tmp_path: Path) -> None:
    points = {value: point(10.0 * value, 1e6, 1e4 * value) for value in CURVES["load"].values}
    assert draw("load", points, tmp_path).read_bytes().startswith(b"\x89PNG")
    assert list(fits({"load": points})) == [
        ("load", "0.3 to 2", "3.0 to 20.0", "1.00", "0.00", "1.00")
    ]


def test_every_scenario_is_valid_and_as_large_as_its_value() -> None:
    """Without compiling any World."""
    for name, curve in CURVES.items():
        for value in curve.values:
            if not is_there(name, value) or value == N_STARLINK:
                continue
            scenario = curve.scenario(value)
            if name == "satellites":
                shell = scenario.constellation.shells[0]
                assert shell.planes * shell.per_plane == value and scenario.candidates == min(
                    32, value
                )
    assert CURVES["candidates"].scenario(8).candidates == 8
    assert CURVES["look_ahead"].scenario(4).look_ahead_s == 14_400.0
    assert CURVES["episode"].scenario(4).episode_s == 14_400.0


def test_one_point() -> None:
    """A fraction of a second of ThreeBody12."""
    point = measure("load", 0.3, 0.05)
    assert 50 <= point["decisions"] < point["of_decisions"]
    assert 1.0 < point["quartiles_us"][0] <= point["step_us"] <= point["quartiles_us"][1] < 1e5
    assert 0 < point["used_bytes"] < point["state_bytes"] < point["peak_rss_bytes"]
    assert point["world_hours"] == pytest.approx(24.0 + (5_700.0 + 7_200.0) / 3_600.0, abs=0.01)
    assert point["plans_lost"] == 0
