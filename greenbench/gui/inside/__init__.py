"""Looking inside: the layers of a model, what differs from another one, and where the two answer differently."""
