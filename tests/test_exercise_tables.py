"""The exercises of every lesson: right answers get ✓, and every known wrong one its own message."""

import importlib
import pathlib

import pytest
import torch

from course_utils.exercises.checker import Exercise, value
from course_utils.exercises.differences import same
from course_utils.exercises.words import Words

ANSWERS = {  # by lesson, "08", or by lesson and station, "09_compression"
    path.stem.removeprefix("answers_"): importlib.import_module(path.stem)
    for path in sorted(pathlib.Path(__file__).parent.glob("answers_*.py"))
}
EXERCISES = [(lesson, name) for lesson, answers in ANSWERS.items() for name in answers.WRONG]
every_exercise = pytest.mark.parametrize("lesson, name", EXERCISES)


def check(lesson: str, name: str):
    return getattr(ANSWERS[lesson].EXERCISES, f"check_{name}")


@pytest.mark.parametrize(
    "lesson, name, part", [(lesson, name, part) for lesson, name in EXERCISES for part in ANSWERS[lesson].WRONG[name]]
)
def test_a_known_wrong_answer_gets_its_own_message(lesson, name, part):
    (sentence,) = {sentence for sentence in check(lesson, name).mistakes.values() if part in sentence}
    assert check(lesson, name).verdict(ANSWERS[lesson].WRONG[name][part]) == f"✗ {name}: {sentence}"


@every_exercise
def test_there_is_a_wrong_answer_for_every_message(lesson, name):
    sentences = set(check(lesson, name).mistakes.values())
    assert len(sentences) == len(ANSWERS[lesson].WRONG[name]) >= 4
    assert all(sentence.endswith(".") for sentence in sentences)


def praised(exercise: Exercise | Words) -> list[str]:
    """The sentences of known mistakes that are no mistakes: they do what the right answer does."""
    if isinstance(exercise, Words):
        return [sentence for (key, word), sentence in exercise.mistakes.items() if word == exercise.reference[key]]
    right = exercise.right()
    return [sentence for wrong, sentence in exercise.mistakes.items() if same(exercise.outcome(wrong), right)]


@every_exercise
def test_no_known_mistake_is_right(lesson, name):
    assert praised(check(lesson, name)) == []


def test_a_known_mistake_that_is_right_is_noticed():
    def doubled(x):
        return 2 * x

    known = {lambda x: x + x: "this is the same.", lambda x: x**2: "this is not."}
    exercise = Exercise(doubled, lambda function: {"twice 3": value(function(3))}, known)
    assert praised(exercise) == ["this is the same."]
    assert praised(Words("cause", {"A": "noise"}, {("A", "noise"): "no.", ("A", "bias"): "yes."})) == ["no."]


def test_every_wrong_word_has_its_sentence():
    in_words = [check(lesson, name) for lesson, name in EXERCISES if isinstance(check(lesson, name), Words)]
    assert in_words
    for exercise in in_words:
        known = set(exercise.reference.values()) | set(exercise.synonyms.values())
        wrong = {(key, word) for key, right in exercise.reference.items() for word in known - {right}}
        assert exercise.mistakes.keys() == wrong


@pytest.mark.parametrize("number", sorted({lesson[:2] for lesson in ANSWERS}))
def test_every_exercise_of_a_lesson_has_its_answers_here(number):
    files = [answers for lesson, answers in ANSWERS.items() if lesson[:2] == number]
    checks = {key for key in vars(files[0].EXERCISES) if key.startswith("check_")}
    tested = {f"check_{name}" for answers in files for name in answers.WRONG}
    assert checks == tested.union(*(getattr(answers, "TESTED_ELSEWHERE", set()) for answers in files))


RIGHT = [(lesson, name, check(lesson, name).reference) for lesson, name in EXERCISES]
RIGHT += [(lesson, *answer) for lesson, answers in ANSWERS.items() for answer in answers.RIGHT]


@pytest.mark.parametrize("lesson, name, answer", RIGHT)
def test_a_right_answer_gets_a_tick_however_it_is_written(lesson, name, answer, capsys):
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        check(lesson, name)(answer)
        assert capsys.readouterr().out == f"✓ {name} is right.\n"
        assert torch.equal(torch.get_rng_state(), before), "checking changed the learner's random numbers"
