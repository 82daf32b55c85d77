"""Mutants and conforming variants of ASGI middleware."""
