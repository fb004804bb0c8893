"""The benchmark: a process for each variant, blocks interleaved between them, a stop rule on the intervals of latency and energy.

idle │ load all │ warm up A, B, C │ A B C │ new processes │ cool │ C B A │ new processes │ cool │ B C A … │ idle │ accuracy A, B, C

Where a model happens to lie in memory belongs to its process, and moves its median by some tenths of a per cent: two processes of the same
graph differ for all their lives. So each round has new processes, as far as starting them takes no longer than timing them does.
"""
