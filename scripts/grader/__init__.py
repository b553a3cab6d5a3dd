"""Grading: a submission runs in a process of its own (attempt), fenced in (fence), and another one judges (judge)."""
