"""`rempart bench`: speed, memory, recall and false positives, beside the peers in the same run."""
