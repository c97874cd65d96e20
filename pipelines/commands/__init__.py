"""What can be typed behind `python -m pipelines`, by what it is about; `__main__` puts it together."""
