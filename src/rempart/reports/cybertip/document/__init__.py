"""The document of a CyberTipline report: its parts, its rules, and the XML that is sent."""
