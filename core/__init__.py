"""What the two halves must agree on: settings, records, errors, and the stores.

Knows no Ray, FastAPI, LangGraph or RAGAS.
"""
