"""Controls of the area ``imds``."""
