"""Advice in the window: the doctor's on the results page, the linter's beside Run; the same rows, the same one click."""
