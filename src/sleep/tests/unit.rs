//! Unit tests of the sleep word's transitions, on one thread.
