"""Lesson 04: small GANs for points in the plane, stepped by hand or trained ten at a time."""
