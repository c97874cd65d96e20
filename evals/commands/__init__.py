"""What can be typed behind `python -m evals`, by what it is for."""
