"""Exercises whose answer is a word for each of several names, not a function."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from course_utils.exercises.progress import tell

UNTOUCHED = (..., None, "", "...")


@dataclass(frozen=True)
class Words:
    """An exercise whose answer maps names to words; calling it prints the verdict, in which it is called `name`.

    `mistakes` maps (name, wrong word) to the sentence that says where to look, `synonyms` other words to those of the
    reference. Case, hyphens, a final full stop, an article and plurals make no difference.
    """

    name: str
    reference: Mapping[str, str]
    mistakes: Mapping[tuple[str, str], str]
    synonyms: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, answers: Mapping[str, str]) -> None:
        tell(self.name, self.verdict(answers))

    def verdict(self, answers: Mapping[str, str]) -> str:
        """The line that calling the exercise prints; of several mistakes the first is named."""
        if answers is ... or answers is None:
            return f"○ {self.name}: not attempted yet."
        expected = f"expected a dictionary with the keys {', '.join(map(repr, self.reference))}"
        if not isinstance(answers, Mapping):
            return f"✗ {self.name}: {expected}, got {type(answers).__name__}."
        if unknown := [key for key in answers if key not in self.reference]:
            return f"✗ {self.name}: {expected}, got {unknown[0]!r} too."
        still_open = [key for key in self.reference if answers.get(key) in UNTOUCHED]
        for key in self.reference:
            if key not in still_open and (sentence := self.mistake(key, answers[key])):
                return f"✗ {self.name}: {sentence}"
        if len(still_open) == len(self.reference):
            return f"○ {self.name}: not attempted yet."
        if still_open:
            return f"○ {self.name}: right so far; still open: {', '.join(still_open)}."
        return f"✓ {self.name} is right."

    def mistake(self, key: str, answer: str) -> str | None:
        """A sentence on what is wrong with one word, or None if it is right."""
        words = sorted(set(self.reference.values()))
        meant = {plain(word): word for word in words}
        meant |= {plain(other): word for other, word in self.synonyms.items()}
        word = meant.get(plain(answer)) if isinstance(answer, str) else None
        if word is None:
            return f"expected one of {', '.join(map(repr, words))} for {key}, got {answer!r}."
        return None if word == self.reference[key] else self.mistakes[key, word]


def plain(answer: str) -> str:
    """An answer without what makes no difference: its words in lower case and in the singular."""
    words = re.findall(r"\w+", answer.lower().replace("_", " "))
    return " ".join(word.rstrip("s") for word in words if word not in ("a", "an", "the"))
