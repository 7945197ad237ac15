//! The configuration of every pallet, one file per topic.

mod consensus;
mod fees;
mod system;
mod wallets;

pub use fees::{DealWithFees, FeeMultiplier};
pub use wallets::ProxyType;
