"""Mutants and conforming variants: frame."""
