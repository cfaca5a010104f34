//! Unit tests and loom models of the sleep protocol. `README.md` says which claim each one checks.

#[cfg(manyhands_loom)]
mod below;
#[cfg(manyhands_loom)]
mod models;
#[cfg(not(manyhands_model))]
mod unit;
