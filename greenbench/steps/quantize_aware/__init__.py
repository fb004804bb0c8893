"""Training as the int8 network that will execute."""
