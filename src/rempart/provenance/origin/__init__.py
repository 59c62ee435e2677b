"""What a file says of where it came from: credentials, labels and generators' metadata. Read, never guessed."""
