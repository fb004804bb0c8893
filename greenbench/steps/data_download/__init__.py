"""Well-known data sets from the network."""
