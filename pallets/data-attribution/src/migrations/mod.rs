//! How storage written by earlier versions of the pallet becomes that of this one.

pub mod v2;
