"""Servers that conform, small enough to read; the mutants of the proof are built on them."""
