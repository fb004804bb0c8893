"""Compression algorithms on plain networks: pruning, weight sharing, int8, and the packed file that shows what they save."""
