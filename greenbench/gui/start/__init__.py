"""The start page: the quick start, the samples, what the sensors say, and the files of last time."""
