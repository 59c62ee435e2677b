"""Cases: the queue, the case, assessing and deciding."""
