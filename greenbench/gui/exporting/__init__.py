"""Taking a model away: which format, where to, and the proof that the file answers like the model."""
