"""Where a picture comes from: what files declare, a mark that can be found again, and evidence of copying."""
