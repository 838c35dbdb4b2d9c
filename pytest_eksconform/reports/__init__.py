"""Terminal, JUnit and JSON: three views of the same results."""
