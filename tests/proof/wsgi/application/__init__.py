"""Mutants and conforming variants of WSGI applications."""
