"""The torch world: networks, data, training, export, runtimes. Steps call it; nothing here knows of pipelines or windows."""
