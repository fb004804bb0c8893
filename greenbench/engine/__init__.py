"""The engine: plans a pipeline, runs it in a worker process, measures the variants, and joins energy with time."""
