"""Evidence that one picture was made from another: geometry, a map of what agrees, and its error rates."""
