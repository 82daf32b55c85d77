"""Small applications of real frameworks, and real middleware with its arguments: what `benchmarks/apps.py` judges."""
