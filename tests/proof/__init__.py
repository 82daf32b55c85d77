"""The proof of every check: the mutant that it catches, and the conforming variants that it leaves alone."""
