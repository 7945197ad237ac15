//! Holds no code. Its manifest, which `generate.py` writes, names the dependencies that several crates of this workspace use, each with
//! the features that all of them together ask for. Every crate depends on it, so a dependency is built
//! once, whichever crate is built or tested alone.

#![no_std]
