"""Distillation on soft targets."""
