"""Folders of images, one subfolder for each class."""
