"""Pages about referral packages."""
