"""The capstone: every defect has its message, every right answer its tick, and the whole fails and succeeds visibly."""

import inspect
import itertools
import json
import pathlib

import capstone_answers
import capstone_wrong_answers
import pytest
import torch

from course_utils.exercises import capstone
from course_utils.exercises.capstone import PUBLISHED, REPAIRS, records, tutorial
from course_utils.exercises.capstone.repair import COUNT, NEITHER, Repair
from course_utils.exercises.differences import same

ROOT = pathlib.Path(__file__).parents[1]
LESSON = ROOT / "notebooks" / "capstone_published_code.ipynb"
SOLUTIONS = ROOT / "notebooks" / "solutions" / "capstone_published_code.ipynb"
CHECKS = {repair.name: repair for repair in REPAIRS}
DEFECTS = [(repair.name, defect) for repair in REPAIRS for defect in repair.defects]
PAIRS = [(repair.name, pair) for repair in REPAIRS for pair in itertools.combinations(repair.defects, 2)]
SLIPS = [
    (repair.name, defect, piece)
    for repair in REPAIRS
    for defect, found in repair.defects.items()
    for piece in found.slips
]

every_function = pytest.mark.parametrize("name", CHECKS)


def with_left(repair: Repair, *left: str):
    """The function that has these defects and no other."""
    return repair.made(repair.text(left))


def code_of(path: pathlib.Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_there_are_twelve_functions_and_forty_two_defects_of_lessons():
    assert (len(REPAIRS), len(DEFECTS)) == (12, 42)
    lessons = {CHECKS[name].defects[defect].lesson for name, defect in DEFECTS} - {None}
    assert lessons <= set(range(1, 12)) and len(lessons) >= 7
    assert all(2 <= len(repair.defects) <= 4 for repair in REPAIRS)


@every_function
def test_the_published_code_is_untouched_at_every_level(name):
    repair = CHECKS[name]
    for level in ("guided", "hints", "alone"):
        wanted = f"○ {name}: not attempted yet; it has {len(repair.defects)} defects."
        assert repair.verdict(PUBLISHED[name], level) == wanted


@every_function
def test_the_published_code_written_anew_has_all_its_defects(name):
    repair = CHECKS[name]
    text = repair.source.replace('"""\n', '"""\n    started = True\n', 1)
    assert repair.verdict(repair.made(text), "alone") == f"✗ {name}: {COUNT[len(repair.defects)]} left."


@every_function
def test_the_mended_code_is_right_and_comments_make_no_difference(name, capsys):
    repair = CHECKS[name]
    before = torch.get_rng_state()
    repair(repair.mended)
    assert capsys.readouterr().out == f"✓ {name} is right.\n"
    assert torch.equal(torch.get_rng_state(), before)
    assert repair.untouched(repair.made(repair.source.replace("    return", "    # the end\n\n    return", 1)))
    assert not repair.untouched(repair.mended)


@pytest.mark.parametrize("name, defect", DEFECTS)
def test_a_defect_that_is_left_alone_gets_its_own_message(name, defect):
    repair = CHECKS[name]
    found = repair.defects[defect]
    answer = with_left(repair, defect)
    assert repair.verdict(answer) == f"✗ {name}: one defect is left: {found.hint}"
    assert repair.verdict(answer, "alone") == f"✗ {name}: one defect is left."
    guided = f"✗ {name}: one defect is left.\n  `{found.line}` ({found.taught}): {found.gives_away}"
    assert repair.verdict(answer, "guided") == guided
    assert repair.left(answer) == (defect,)


@pytest.mark.parametrize("name, pair", PAIRS)
def test_two_defects_are_counted_and_one_of_them_is_named(name, pair):
    repair = CHECKS[name]
    verdict = repair.verdict(with_left(repair, *pair))
    assert verdict == f"✗ {name}: two defects are left; one of them: {repair.defects[pair[0]].hint}"
    assert repair.verdict(with_left(repair, *pair), "guided").count("\n  `") == 2


@pytest.mark.parametrize("name, defect, piece", SLIPS)
def test_a_place_that_was_mended_wrongly_gets_its_own_message(name, defect, piece):
    repair = CHECKS[name]
    for others in ((), tuple(other for other in repair.defects if other != defect)[:1]):
        answer = repair.made(repair.text(others, {defect: piece}))
        assert repair.verdict(answer) == f"✗ {name}: {repair.defects[defect].slips[piece]}"


@every_function
def test_no_two_choices_of_defects_do_the_same(name):
    repair = CHECKS[name]
    choices = [left for n in range(len(repair.defects) + 1) for left in itertools.combinations(repair.defects, n)]
    found = [repair.outcome(left) for left in choices]
    assert not any("error" in outcome for outcome in found)
    assert [pair for pair in itertools.combinations(range(len(found)), 2) if same(found[pair[0]], found[pair[1]])] == []


@every_function
def test_every_message_is_a_sentence_of_its_own(name):
    sentences = [defect.gives_away for defect in CHECKS[name].defects.values()]
    sentences += [slip for defect in CHECKS[name].defects.values() for slip in defect.slips.values()]
    sentences += CHECKS[name].mistakes.values()
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith((".", ".)")) for sentence in sentences)


@pytest.mark.parametrize("answer", capstone_answers.RIGHT, ids=lambda answer: answer.__name__)
def test_a_right_answer_gets_a_tick_however_it_is_written(answer):
    name = answer.__name__.split("_too")[0]
    assert CHECKS[name].verdict(answer) == f"✓ {name} is right."


def test_every_function_has_a_right_answer_by_hand():
    assert {answer.__name__.split("_too")[0] for answer in capstone_answers.RIGHT} == CHECKS.keys()


@pytest.mark.parametrize("name, left", capstone_wrong_answers.WRONG)
def test_a_defect_is_recognised_however_it_is_written(name, left):
    for answer in capstone_wrong_answers.WRONG[name, left]:
        assert CHECKS[name].left(answer) == (left,)


@pytest.mark.parametrize("name", capstone_wrong_answers.UNKNOWN)
def test_an_unknown_mistake_shows_the_first_input_that_differs(name):
    answer, part = capstone_wrong_answers.UNKNOWN[name]
    for level in ("guided", "hints", "alone"):
        verdict = CHECKS[name].verdict(answer, level)
        assert verdict.startswith(f"✗ {name}: ") and part in verdict and NEITHER in verdict
    assert CHECKS[name].left(answer) is None


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("name, answer, part", capstone_wrong_answers.NOT_AS_IT_SEEMS)
def test_what_leaves_traces_or_chooses_otherwise_is_not_right(name, answer, part):
    assert part in CHECKS[name].verdict(answer)


@pytest.mark.parametrize("name", capstone_wrong_answers.HALF_MENDED)
def test_half_mended_code_hears_which_lines_stand_as_published(name):
    answer, lines = capstone_wrong_answers.HALF_MENDED[name]
    told = ", ".join(f"`{line}`" for line in lines)
    for level in ("guided", "hints"):
        assert CHECKS[name].verdict(answer, level).endswith(f"\n  As published, so far: {told}.")
    alone = CHECKS[name].verdict(answer, "alone")
    assert NEITHER in alone and "As published" not in alone


def test_originals_in_place_of_rows_get_their_own_message():
    verdict = CHECKS["split"].verdict(capstone_wrong_answers.split_with_units_only)
    assert verdict == f"✗ split: {next(iter(CHECKS['split'].defects['siblings'].slips.values()))}"


def test_the_networks_have_the_sizes_that_the_lesson_states():
    gan, vae = tutorial.TutorialGAN({}), tutorial.TutorialVAE({})
    networks = (gan.generator, vae.decoder, gan.discriminator, vae.encoder)
    sizes = [sum(p.numel() for p in network.parameters()) for network in networks]
    assert sizes == [45_732, 45_828, 22_817, 120_064]


def test_what_is_no_function_and_an_unknown_level_are_named():
    assert "expected a function, got int" in CHECKS["split"].verdict(3)
    with pytest.raises(ValueError, match="expected a level among guided, hints, alone, got 'easy'"):
        CHECKS["split"].verdict(print, "easy")


def test_the_report_says_what_is_left():
    report = capstone.all_mended.report(PUBLISHED)
    assert report.startswith("○ 12 of 12 functions are left to mend, with 42 defects: split (4), ")
    right = {name: repair.mended for name, repair in CHECKS.items()}
    assert capstone.all_mended.report(right) == "✓ All 12 functions are mended."
    one = with_left(CHECKS["draw"], "mode", "graph")
    mine = right | {"draw": one, "choose": lambda validation, test: (0, 1.0)}
    wanted = "○ 2 of 12 functions are left to mend, with 2 defects: draw (2), choose (another mistake)."
    assert capstone.all_mended.report(mine) == wanted
    with pytest.raises(ValueError, match="expected the functions split, "):
        capstone.all_mended({"split": print})


def test_the_notebook_holds_the_published_code_and_the_solutions_the_mended_one():
    for path, text in ((LESSON, lambda repair: repair.source), (SOLUTIONS, lambda repair: repair.text())):
        cells = code_of(path)
        assert [repair.name for repair in REPAIRS if text(repair).strip() not in cells] == []


def test_defects_stand_where_they_say():
    for name, defect in DEFECTS:
        source = inspect.getsource(PUBLISHED[name])
        assert all(source.count(piece) == 1 for piece in CHECKS[name].defects[defect].swaps)


def test_training_stays_where_the_functions_make_their_noise(monkeypatch):
    monkeypatch.setattr("course_utils.training.pick_device", lambda: torch.device("meta"))  # as an accelerator would be
    model = tutorial.TutorialVAE({name: repair.mended for name, repair in CHECKS.items()})
    assert len(tutorial.trained(model, torch.rand(20, 1, 28, 28), 2, seed=0)) == 2


@pytest.fixture(scope="module")
def outcomes():
    """A third of the training, by the published and by the mended code."""
    from helpers import digits

    mended = {name: repair.mended for name, repair in CHECKS.items()}
    return [tutorial.run(functions, digits(), seed=0, length=0.35) for functions in (PUBLISHED, mended)]


def test_as_a_whole_the_published_code_fails_visibly_and_the_mended_code_succeeds(outcomes):
    published, mended = outcomes
    assert published.quoted["GAN"] > 100 * published.quoted["VAE"]
    assert published.generators["GAN"](torch.randn(2, 16)).sigmoid().std() < 0.01  # a blank page
    assert 1 < mended.quoted["GAN"] < 15 and 1 < mended.quoted["VAE"] < 25
    train, validation, test = mended.parts
    assert len(train) > 4 * len(test) and abs(len(validation) - len(test)) < 50


def test_a_single_function_that_is_left_as_it_was_spoils_the_result(outcomes):
    _, mended = outcomes
    left = {name: repair.mended for name, repair in CHECKS.items()} | {"score": PUBLISHED["score"]}
    parts = mended.parts
    networks = (mended.gan.generator, mended.vae.encoder, mended.vae.decoder)
    gan, vae = left["score"](*networks, left["draw"], mended.distance, parts, 0)
    assert vae < gan  # reconstructions beside a fifth of the samples: the old claim is back
    corner, _ = left["score"](*networks, PUBLISHED["draw"], mended.distance, parts, 0)
    assert corner > 2 * gan  # a trained GAN, asked for codes of one corner


def test_the_recorded_runs_hold_what_the_lesson_says():
    gan, vae = records.pair("mended")
    assert len(gan) == len(vae) == 10 and (gan < vae).all()
    assert all(1 < score < 6 for score in [*gan, *vae, *records.fitted()])
    ratios = [run["quoted"]["GAN"] / run["quoted"]["VAE"] for run in records.runs("published")]
    assert ratios and min(ratios) > 100


def test_the_corrected_claim_quotes_the_record():
    text = LESSON.read_text(encoding="utf-8").replace('\\n",\n    "', " ")
    gan, vae = records.pair("mended")
    judge = CHECKS["compare"].mended
    low, high, winner = judge(gan, vae, 0.25)
    assert f"{gan.mean():.1f} floors against {vae.mean():.1f}, means over" in text and winner == "GAN"
    assert f"a lead of {-high:.1f} to {-low:.1f} floors" in text
    low, high, winner = judge(gan, records.fitted(), 0.25)
    assert f"the VAE scores {records.fitted().mean():.1f} floors, a lead of {low:.1f} to {high:.1f}" in text
    assert winner == "undecided"
    assert judge(*records.pair("published"), 0.25)[2] == "VAE"  # the defects are in all seeds alike
