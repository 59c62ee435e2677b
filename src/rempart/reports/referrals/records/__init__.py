"""The rows of referral packages."""
