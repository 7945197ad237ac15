//! The configuration of every pallet, one file per topic.

mod consensus;
mod fees;
mod openledger;
pub mod parameters;
mod system;
mod wallets;

pub use fees::{DealWithFees, FeeMultiplier};
pub use openledger::{pot_accounts, NameRest};
pub use wallets::ProxyType;
