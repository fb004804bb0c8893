"""Classifiers of images and texts from Hugging Face."""
