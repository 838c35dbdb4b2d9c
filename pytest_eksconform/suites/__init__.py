"""The suites that the project ships: a folder an area, a test function a control."""
