"""Tests of the observers and of the linter."""
