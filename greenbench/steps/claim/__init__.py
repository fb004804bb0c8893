"""What a paper claims, checked."""
