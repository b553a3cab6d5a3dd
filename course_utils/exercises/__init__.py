"""The exercises of each lesson, and the checker that names a mistake."""
