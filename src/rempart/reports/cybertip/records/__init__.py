"""The rows of CyberTipline reports."""
