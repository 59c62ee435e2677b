"""CyberTipline reports: built, completed, seconded and filed once."""
