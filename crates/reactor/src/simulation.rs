//! Random programs on a simulated kernel, against a model.
//!
//! A program is what an application does to the reactor, and what the world does to its files meanwhile: chosen step
//! by step from a seed. After each step, and at the beginning of each sleep, the model says what must hold:
//!
//! - a level that is true while somebody waits for it has woken them, or the loop does not sleep;
//! - whoever is woken has a reason: something they wait for was true of *their* file since it was registered;
//! - a timer is neither early nor late; a notice ends the sleep;
//! - when a drop returns on the loop's thread, the kernel holds nothing of it, and the peer sees the end;
//! - in the end nothing is left: no source, no timer, no request, no entry, no descriptor;
//! - a loop whose world stands still comes to rest in a few turns;
//! - `Reactor::verify` holds, and nothing panics.
//!
//! Besides, each seed makes one short program for each part of the API (`uses`), whose model is exact.
//!
//! `cargo xtask sim` runs many; one that fails is printed with the command that runs it again.

mod budget;
mod judge;
mod naps;
mod plan;
mod program;
mod regressions;
mod rest;
mod run;
mod tasks;
mod uses;
mod world;
