"""A model from the inside: its layers in order, with shapes, weights, arithmetic and measured time; one module for each kind of file."""

from greenbench.ml.inside.look import look

__all__ = ["look"]
