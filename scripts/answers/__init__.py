"""A learner's answers: which statements each of them needs (needs), and what comes of running these (attempts)."""
