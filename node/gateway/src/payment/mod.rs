//! Checking that a call is paid for.
//!
//! A call goes through four states, each its own type, and every step consumes the one before:
//!
//! ```text
//! Presented ──check──► Checked ──reserve──► Reserved ──deliver──► Served
//!   decoded             promises             written down           charged, recorded,
//!   from a header       enough, to us        and set aside          statement signed
//! ```
//!
//! So a voucher that was not checked cannot be served, and one that was not written down to disk
//! cannot either: it does not compile. A refused voucher ([`Refusal`]) has changed nothing.
//!
//! What the chain says comes through
//! [`SessionSource`](openledger_settlement::view::SessionSource).

mod offer;
mod own_price;
mod pipeline;
mod refusal;
mod response;
#[cfg(test)]
mod tests;

pub use self::{
	offer::Offer,
	own_price::OwnPrice,
	pipeline::{receipt, Checked, DeliverError, Delivered, Presented, Reserved, Served, LONGEST},
	refusal::Refusal,
	response::HashError,
};
