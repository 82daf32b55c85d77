"""Mutants and conforming variants: wsgi."""
