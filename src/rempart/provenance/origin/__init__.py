"""What a file declares of its origin: Content Credentials, IPTC and XMP, EXIF, and what generators write."""
