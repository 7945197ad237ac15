//! The endurance of a node: being killed at any point, callers who spend their deposit twice, and
//! thousands of calls. A model server answers whose answers are known; everything else is real.

mod double_spend;
mod faults;
mod soak;
