"""Mutants and conforming variants: asgi."""
