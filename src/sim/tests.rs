//! The machine by itself, and small simulations.
