"""Each control is seen to fail."""
