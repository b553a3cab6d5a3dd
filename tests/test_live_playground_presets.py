"""The presets of the live playground: their counts are those of the record, and their hints are true."""

import json

import playground
import pytest
from browser import chromium, open_page

LINES = [json.loads(line) for line in playground.RECORD.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def page():
    with chromium() as browser, open_page(browser, playground.PAGE) as page:
        page.evaluate("ready")
        yield page


def test_the_counts_of_the_page_are_those_of_the_record(page):
    presets, outcomes = page.evaluate("[PRESETS, OUTCOMES]")
    assert page.evaluate("COUNTS") == playground.counts(presets)
    shown = page.evaluate("[...find('counts').rows].map((row) => [...row.cells].map((cell) => cell.textContent))")
    for (title, counted, *cells, _), (name, row) in zip(shown, playground.counts(presets).items(), strict=True):
        assert title == presets[name]["title"]
        assert counted == outcomes[presets[name]["outcome"]]["words"]
        expected = [row["tuned"], row["confirmed"], row["lesson"]]
        assert cells == ["–" if count is None else f"{count} of 10" for count in expected]


def test_the_record_is_that_of_all_presets_and_its_outcomes_follow_from_its_numbers(page):
    names = page.evaluate("Object.keys(PRESETS)")
    seeds = [*range(10), *range(100, 110)]
    assert sorted(map(str, (line["job"] for line in LINES))) == sorted(str([n, seed]) for n in names for seed in seeds)
    for line in LINES:
        holds = {
            "covered": line["modes"] == 8 and line["kl"] < 0.3,
            "collapsed": line["modes"] <= 3,
            "posterior collapsed": line.get("code_kl", 9) < 0.1,
        }
        assert line["holds"] == holds[line["outcome"]], line


@pytest.mark.parametrize("name, seed", [("collapse", 100), ("faster", 100), ("silent", 101)])
def test_a_preset_comes_out_as_recorded(page, name, seed):
    (line,) = [line for line in LINES if line["job"] == [name, seed]]
    found = page.evaluate("([name, seed]) => playPreset(name, seed)", [name, seed])
    assert found["holds"] == line["holds"]
    if page.context.browser.version == line["chromium"]:  # another one may round otherwise
        assert found["distance"] == pytest.approx(line["distance"], abs=1e-6)


def runs(name: str) -> list[dict]:
    return [line for line in LINES if line["job"][0] == name]


@pytest.mark.parametrize("name", ["healthy", "collapse", "faster", "pairs"])
@pytest.mark.parametrize("first", [0, 100])
def test_collapse_and_its_cures_come_out_in_nine_of_ten(name, first):
    ten = [run["holds"] for run in runs(name) if first <= run["job"][1] < first + 10]
    assert len(ten) == 10 and sum(ten) >= 9


def test_the_hints_of_the_presets_are_what_was_recorded():
    """Ten of twenty; out of sight; back in most seeds; fewer samples on the modes; some cover, others collapse."""
    saved, others = sum(run["holds"] for run in runs("hearing")), [run["modes"] for run in runs("lottery")]
    assert saved == 10 and len(runs("hearing")) == 20
    assert sum(run["distance"] < 1.1 for run in runs("flattened")) >= 16
    assert sum(run["distance"] > 3 for run in runs("vanishing")) >= 18
    assert max(run["high_quality"] for run in runs("pairs")) < min(run["high_quality"] for run in runs("faster"))
    assert max(others) == 8 and min(others) <= 3


def test_a_generator_alone_runs_out_of_the_picture(page):
    """The hint of the healthy game, which a D that is corrected does not allow."""
    outside = """(generators) => {
      const game = build(DEFAULTS);
      for (let i = 0; i < 100; i++) game.step("discriminator");
      for (let i = 0; i < 1000; i++) game.step(generators);
      const sample = Array.from(game.sample());
      const pairs = sample.filter((_, i) => i % 2 === 0).map((x, i) => [x, sample[2 * i + 1]]);
      return pairs.filter((pair) => Math.max(...pair.map(Math.abs)) > game.data.limit).length;
    }"""
    assert page.evaluate(outside, "generator") == 2500
    assert page.evaluate(outside, "both") == 0


def test_r1_brings_the_generator_back_from_far_away(page):
    """The hint of the R1 penalty; the mean distance of the ring's points from its centre is 1."""
    early, late = page.evaluate(
        """(() => {
          const game = build({ ...DEFAULTS, ...PRESETS.flattened.settings });
          return [2500, 1500].map((steps) => {
            for (let i = 0; i < steps; i++) game.step();
            return meanDistance(game.sample());
          });
        })()"""
    )
    assert early > 5 and late == pytest.approx(1, abs=0.1)
