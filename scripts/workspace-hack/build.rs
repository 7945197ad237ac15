//! Cargo counts the dependencies of builds only where there is a build script.

fn main() {}
