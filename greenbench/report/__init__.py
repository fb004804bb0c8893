"""The report of a run: first as data, then written as PDF, CSV and JSON with the same numbers."""
