"""The laws that a notice may invoke, as data, and their clocks: pure arithmetic on moments."""
