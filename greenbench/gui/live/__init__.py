"""Power, latency and accuracy while a run goes on: three plots on one time axis."""
