"""Do the presets of the live playground show what they say? Each with ten seeds, in Chromium without a window.

    python benchmarks/playground.py 0
    python benchmarks/playground.py 100

The number is the first of the ten seeds: 0 to 9 may be looked at while a preset is chosen, 100 to 109 when it stands.
The GANs have the settings of cures.py, whose counts stand beside those of the page. The page is
docs/site/live/playground, which trains at full speed and draws nothing meanwhile; it needs Chromium and playwright
(pip install -e ".[live]"). Modes, high-quality share and KL are those of 2,500 samples, as in cures.py; `distance` is
the mean distance of the samples from the centre of the ring, and `code_kl` what the codes of a VAE say, in nats. The
same seed gives the same run in the same Chromium.
Writes benchmarks/results/playground.jsonl, one line a run (recorded runs are not repeated), and the counts that the
page shows, docs/site/live/playground/counts.js.
"""

import argparse
import functools
import json
import math
import os
import shutil

from environment import RESULTS, ROOT, run_missing, store

PAGE = ROOT / "docs" / "site" / "live" / "playground" / "index.html"
COUNTS = PAGE.with_name("counts.js")
RECORD = RESULTS / "playground.jsonl"
SEEDS = 10
TUNED, CONFIRMED = 0, 100


@functools.cache
def page():
    """Open the page in a Chromium that stays until this process ends."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    browser = sync_playwright().start().chromium.launch(executable_path=path, args=["--no-sandbox"])
    page = browser.new_page()
    page.goto(PAGE.as_uri())
    page.evaluate("ready")
    return page


def run(job: list) -> dict:
    """Play one preset with one seed; without a single good sample the KL is that of one mode alone, as in cures.py."""
    found = page().evaluate("([preset, seed]) => playPreset(preset, seed)", job)
    line = {"job": job, "outcome": found["outcome"], "holds": found["holds"]}
    line |= {"modes": found["modes"], "high_quality": found["highQuality"], "kl": min(found["kl"], math.log(8))}
    line["distance"] = found["distance"]
    if "codeKl" in found:
        line["code_kl"] = found["codeKl"]
    return line | {"chromium": page().context.browser.version}


def of_the_lesson(outcome: str, record: list[str] | None) -> int | None:
    """How many of the lesson's ten runs have the outcome, from cures.jsonl."""
    if record is None:
        return None
    lines = map(json.loads, (RESULTS / "cures.jsonl").read_text(encoding="utf-8").splitlines())
    runs = [line for line in lines if line["job"][:2] == record]
    if outcome == "collapsed":
        return sum(line["modes"] <= 3 for line in runs)
    return sum(line["modes"] == 8 and line["kl"] < 0.3 for line in runs)


def counts(presets: dict[str, dict]) -> dict[str, dict]:
    """For each preset in how many of ten seeds its outcome was seen: tuned, confirmed, and in the lesson's record."""
    lines = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()]
    table = {}
    for name, preset in presets.items():
        table[name] = {"lesson": of_the_lesson(preset["outcome"], preset.get("record"))}
        for when, first in (("tuned", TUNED), ("confirmed", CONFIRMED)):
            seeds = range(first, first + SEEDS)
            runs = [line["holds"] for line in lines if line["job"][0] == name and line["job"][1] in seeds]
            table[name][when] = sum(runs) if len(runs) == SEEDS else None
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=int, choices=(TUNED, CONFIRMED), help="the first of ten seeds")
    parser.add_argument("--presets", nargs="+", help="some of the presets alone")
    args = parser.parse_args()
    presets = page().evaluate("PRESETS")
    if unknown := set(args.presets or []) - set(presets):
        parser.error(f"expected presets among {', '.join(presets)}, got {sorted(unknown)[0]!r}")
    seeds = range(args.first, args.first + SEEDS)
    run_missing(run, [[name, seed] for name in args.presets or presets for seed in seeds], RECORD)
    table = counts(presets)
    rows = "\n".join(f"  {json.dumps(name)}: {json.dumps(row)}," for name, row in table.items())
    about = "// Made by benchmarks/playground.py: in how many of ten seeds the outcome of each preset was seen."
    store(COUNTS, f'"use strict";\n\n{about}\nconst COUNTS = {{\n{rows}\n}};\n')
    for name, row in table.items():
        print(name, row)


if __name__ == "__main__":
    main()
