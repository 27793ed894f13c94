"""Pure: no clock, no disk, no network, no framework. The same input gives the same output."""
