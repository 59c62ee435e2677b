"""Quality: how well people agree, how often lists are right, and looks that a second lead should see."""
