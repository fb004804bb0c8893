"""What a training of the past cost, from its watts and hours."""
