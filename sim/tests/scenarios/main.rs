//! Every scenario, the same number twice, and the program that runs them.

mod program;
mod runs;
