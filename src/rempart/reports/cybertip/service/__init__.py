"""The reporting service: the connection to it, its schema, and a server to rehearse with."""
