"""Reports: pairing on common seeds, bold only where an interval excludes zero, self-contained
pages, refusals in one sentence.
"""

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agents.evaluate import Evaluation, evaluate
from agents.report.__main__ import Report, remake
from agents.report.configuration import comparison_text, toml
from agents.report.figure_style import VARIABLES
from agents.report.formatting import number
from agents.report.html import rows
from agents.report.results import HEADLINE, folders_of_results, load
from agents.report.write import write_report
from agents.utils.checkpoints import write_json
from agents.utils.statistics import summarise

# served value by policy and seed; slow has played fewer seeds, twin does what eft_admit does
SERVED_VALUES = {
    "eft_admit": [0.50, 0.60, 0.70, 0.80],
    "better": [0.55, 0.66, 0.74, 0.86],
    "slow": [0.60, 0.61],
    "twin": [0.50, 0.60, 0.70, 0.80],
    "<b>wild</b>": [0.90, 0.10, 0.50, 0.40],
}


def content(**changes: Any) -> dict[str, Any]:
    """A results.json by hand."""
    policies = {}
    for name, served_values in SERVED_VALUES.items():
        metrics = {
            HEADLINE: served_values,
            "n_released": [100.0] * len(served_values),
            "n_delivered": [100.0 * value for value in served_values],
        }
        metrics |= {
            "toy.n_released": [10.0] * len(served_values),
            "toy.n_delivered": [5.0] * len(served_values),
        }
        metrics |= {
            "toy.feasible_fraction": [0.8] * len(served_values),
            f"toy.{HEADLINE}": [0.625] * len(served_values),
        }
        metrics |= {"n_rejected": [100.0 * (1.0 - value) for value in served_values]}
        policies[name] = {metric: summarise(values) for metric, values in metrics.items()}
    return {
        "scenario": "Toy",
        "seeds": [11, 12, 13, 14],
        "policies": policies,
        "split": "test",
        "command": "by hand",
    } | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a results.json, nothing else."""
    (tmp_path / "a").mkdir()
    write_json(tmp_path / "a" / "results.json", content())
    return tmp_path / "a"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three policies on Tiny, played and reported."""
    out = tmp_path_factory.mktemp("tiny") / "out"
    evaluate(
        Evaluation(
            policies=("eft", "eft_admit", "random"),
            scenario="Tiny",
            seeds=3,
            out=str(out),
            processes=1,
        )
    )
    return out


class Page(HTMLParser):
    """What a page would fetch, and its table by policy and metric."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.cells: dict[tuple[str, str], str] = {}
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attribute = dict(attributes)
        for key in ("src", "href", "xlink:href", "srcset", "data"):
            if not (attribute.get(key) or "#").startswith(("#", "data:")):
                self.foreign.append(f"{tag} {attribute[key]}")
        self.policy = attribute.get("data-policy") or self.policy
        if tag == "td" and "data-metric" in attribute:
            self.cells[self.policy, str(attribute["data-metric"])] = attribute["data-sort"] or ""


# --- statistics


def test_differences_are_paired_on_the_seeds_that_both_have_played(folder: Path) -> None:
    results = load(folder)
    item = results.paired("slow", "eft_admit")
    assert item.n == 2 and item.mean == pytest.approx((0.10 + 0.01) / 2) and item.better == 2
    interval = stats.ttest_1samp([0.10, 0.01], 0.0).confidence_interval(0.95)
    assert (item.low, item.high) == pytest.approx((interval.low, interval.high))
    reverse = results.paired("eft_admit", "slow")
    assert reverse.mean == pytest.approx(-item.mean) and reverse.better == 0


def test_what_is_equal_is_said_to_be_equal(folder: Path) -> None:
    results = load(folder)
    assert (
        comparison_text(results, "twin")
        == "twin, neither better nor worse than eft_admit in 4 common episodes"
    )
    assert "(better in 4 of 4 common episodes)" in comparison_text(results, "better")
    policies = {name: {HEADLINE: summarise([0.5])} for name in ("eft_admit", "twin")}
    write_json(folder / "results.json", content(seeds=[11], policies=policies))
    assert (
        comparison_text(load(folder), "twin")
        == "twin, neither better nor worse than eft_admit in 1 common episode"
    )


def test_bold_only_where_the_paired_interval_excludes_zero(folder: Path) -> None:
    by_name = {row["name"]: row for row in rows(load(folder))}
    assert by_name["better"]["difference"]["bold"]  # .05, .06, .04, .06
    assert not by_name["slow"]["difference"]["bold"]  # .10, .01: the interval holds zero
    assert (
        not by_name["twin"]["difference"]["bold"] and by_name["twin"]["difference"]["sort"] == 0.0
    )
    assert (
        load(folder).names[0] == "better" and load(folder).winner(HEADLINE) == "better"
    )  # over eft_admit, the next
    tied = content()
    tied["policies"] = {name: tied["policies"][name] for name in ("eft_admit", "twin")}
    write_json(folder / "results.json", tied)
    assert load(folder).winner(HEADLINE) is None


@pytest.mark.parametrize(
    ("value", "kind", "width", "text"),
    [
        (0.80484, "fraction", 0.0357, "0.805"),
        (0.01094, "fraction", 0.0033, "0.0109"),
        (-0.0524, "fraction", 0.0169, "−0.052"),
        (4629.3, "count", float("nan"), "4,629"),
        (0.6081, "percent", float("nan"), "60.8"),
        (517.2, "seconds", float("nan"), "517"),
        (float("nan"), "fraction", 0.1, "–"),
    ],
)
def test_numbers_have_sensible_digits(value: float, kind: str, width: float, text: str) -> None:
    assert number(value, kind, width) == text


# --- the page


def test_the_page_is_self_contained_and_its_numbers_are_those_of_the_results(tiny: Path) -> None:
    text = (tiny / "report.html").read_text(encoding="utf-8")
    page, results = Page(text), json.loads((tiny / "results.json").read_text())
    assert page.foreign == [] and "@import" not in text and "url(http" not in text
    for name, metrics in results["policies"].items():
        for metric in (
            HEADLINE,
            "value_per_orbit",
            "latency_p50_s",
            "utilisation_fraction",
            "mean_charge_fraction",
        ):
            assert float(page.cells[name, metric]) == metrics[metric]["mean"]
        assert float(page.cells[name, "difference"]) == pytest.approx(
            results["differences"][name]["metrics"][HEADLINE]["mean"]
        )
    assert not [
        colour for colour in VARIABLES if colour in text
    ]  # every stand-in follows the theme
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for expected in (
        "served-value",
        "differences",
        "profile",
        "outcomes",
        "classes",
        "latency",
        "over-time",
        "places",
        "flow-best",
    ):
        assert f'id="{expected}"' in text and (tiny / "figures" / f"{expected}.svg").is_file()
    assert (
        text.count("<figcaption>")
        == text.count('role="img"')
        == len(list((tiny / "figures").glob("*.svg")))
    )


def test_markdown_and_tables_say_the_same(tiny: Path) -> None:
    text, results = (
        (tiny / "report.md").read_text(encoding="utf-8"),
        json.loads((tiny / "results.json").read_text()),
    )
    assert all((tiny / link).is_file() for link in re.findall(r"\]\((figures/[^)]+)\)", text))
    assert (
        f"{results['policies']['eft'][HEADLINE]['mean']:.3f}" in text
        and "episode_s = 600.0" in text
    )

    def table(name: str) -> list[dict[str, str]]:
        return list(
            csv.DictReader(
                (tiny / "tables" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
            )
        )

    csv_values = {
        (row["policy"], int(row["seed"])): float(row["value"])
        for row in table("episodes")
        if row["metric"] == HEADLINE
    }
    assert [csv_values["random", seed] for seed in results["seeds"]] == results["policies"][
        "random"
    ][HEADLINE]["episodes"]
    for name in ("outcomes", "places", "flow"):  # three episodes of eight tasks, three policies
        assert sum(int(row["n_tasks"]) for row in table(name)) == 3 * 8 * 3
    assert sum(int(row["n_tasks"]) for row in table("latencies")) == sum(
        sum(item["n_delivered"]["episodes"]) for item in results["policies"].values()
    )


def test_a_report_is_made_again_from_what_is_stored(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bytes_before = {path: path.read_bytes() for path in sorted(tiny.rglob("*")) if path.is_file()}
    (tiny / "report.html").unlink()
    (tiny / "figures" / "old.svg").write_text("of an earlier report")
    remake(Report((str(tiny),)))
    assert {
        path: path.read_bytes() for path in sorted(tiny.rglob("*")) if path.is_file()
    } == bytes_before
    assert "report.html" in capsys.readouterr().out
    remake(Report((str(tiny),), reference="random"))
    assert "minus random, paired" in (tiny / "report.md").read_text()
    remake(Report((str(tiny),)))


def test_results_without_details_and_names_that_look_like_markup(folder: Path) -> None:
    write_report([folder])
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "<b>wild" not in text and "&lt;b&gt;wild" in text
    assert (
        "These results hold no details.json" in text
        and 'id="flow"' not in text
        and 'id="classes"' in text
    )


def test_one_policy_alone(folder: Path) -> None:
    single_policy = content()
    single_policy["policies"] = {"eft_admit": single_policy["policies"]["eft_admit"]}
    write_json(folder / "results.json", single_policy)
    write_report([folder])
    assert 'id="differences"' not in (folder / "report.html").read_text()


def test_loads_side_by_side(tmp_path: Path) -> None:
    for load_ in (0.8, 1.3):
        (tmp_path / f"load{load_}").mkdir()
        write_json(
            tmp_path / f"load{load_}" / "results.json", content(overrides={"workload.load": load_})
        )
    assert folders_of_results([str(tmp_path)]) == [tmp_path / "load0.8", tmp_path / "load1.3"]
    remake(Report((str(tmp_path),)))
    text = (tmp_path / "report.html").read_text()
    assert {'id="by-load"', 'id="side-by-side"', 'id="1-comparison"', 'id="2-comparison"'} <= set(
        re.findall(r'id="[^"]+"', text)
    )
    assert "Toy, load 1.3" in text and (tmp_path / "tables" / "2" / "differences.csv").is_file()
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


# --- refusals


def damaged(folder: Path, text: str) -> Path:
    (folder / "results.json").write_text(text)
    return folder


BAD = [
    ("{", "results.json is damaged and cannot be read"),
    ("[]", "is not a results.json of agents.evaluate"),
    (
        '{"scenario": "Toy", "seeds": [1], "policies": {}}',
        "is not a results.json of agents.evaluate",
    ),
    (
        '{"scenario": "Toy", "seeds": [1], "policies": {"eft": {"n_late": {"episodes": [1]}}}}',
        "served_value_fraction or seeds are missing",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_damaged_results_are_named(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_report([damaged(folder, text)])
    assert not (folder / "report.html").exists()


def test_folders_without_results_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        remake(Report((str(tmp_path / "nowhere"),)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ValueError, match=r"empty holds no results: .*results.json is missing; write it with"
    ):
        remake(Report((str(tmp_path / "empty"),)))
    with pytest.raises(
        ValueError, match="2 folders of results make one report: say where with --out"
    ):
        remake(Report((str(folder), str(folder / ".." / "a"))))
    with pytest.raises(ValueError, match="--reference 'etf' is not among the policies"):
        remake(Report((str(folder),), reference="etf"))
    with pytest.raises(ValueError, match="give a folder of results"):
        remake(Report(()))
    (folder / "details.json").write_text('{"version": 99}')
    with pytest.raises(ValueError, match=r"details.json is not a details.json of this version"):
        write_report([folder])


def test_configurations_are_shown_whole() -> None:
    plain = {
        "a": 1,
        "none": None,
        "part": {"b": "x", "deep": {"c": [1.5, 2]}},
        "many": [{"d": True}, {"d": False}],
    }
    assert (
        toml(plain) == 'a = 1\n\n[part]\nb = "x"\n\n[part.deep]\nc = [1.5, 2]\n\n[[many]]\nd = '
        "true\n\n[[many]]\nd = false"
    )


def test_focus_holds_reference_and_runs(folder: Path) -> None:
    comparisons = content(runs={"policy 11": {"config": {}}})
    comparisons["policies"] |= {
        f"policy {k}": {HEADLINE: summarise(np.full(4, 0.9 - 0.05 * k).tolist())} for k in range(12)
    }
    write_json(folder / "results.json", comparisons)
    focus = load(folder, "eft_admit").focus()
    assert (
        len(focus) == 7
        and {"eft_admit", "policy 11", "policy 0"} <= set(focus)
        and replace(load(folder)).label("twin") == "twin"
    )
