"""What the live pages show: the models of the lessons (lesson_models), and the blind test's pictures (blind_rounds)."""
