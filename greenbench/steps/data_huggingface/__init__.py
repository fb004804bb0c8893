"""Hugging Face data set folders."""
