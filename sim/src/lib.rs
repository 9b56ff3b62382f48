//! samara's machines put to the test, outside of real networks and clocks.

pub mod check;
