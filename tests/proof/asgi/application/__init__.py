"""Mutants and conforming variants of ASGI applications."""
