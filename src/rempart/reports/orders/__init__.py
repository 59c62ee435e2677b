"""The register of orders and requests of authorities, with their clocks, and of disclosures."""
