"""The canvas: the pipeline drawn, and the gestures that edit it. The model beneath (greenbench.core) knows nothing of this."""
