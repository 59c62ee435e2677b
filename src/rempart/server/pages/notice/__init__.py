"""The public page: a person gets a picture taken down."""
