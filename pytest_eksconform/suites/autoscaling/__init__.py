"""Controls of the area ``autoscaling``."""
