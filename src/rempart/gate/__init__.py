"""The generator gate: a door in front of an image generator's API, and the hook for programs that import photos."""
