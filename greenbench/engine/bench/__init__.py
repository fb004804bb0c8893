"""The benchmark: one process for each variant, blocks interleaved between them, a stop rule on the interval.

idle │ load all │ warm up A, B, C │ A B C │ C B A │ A B C … │ idle │ accuracy A, B, C
"""
