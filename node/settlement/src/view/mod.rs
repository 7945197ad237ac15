//! The chain's sessions, models, prices and terms, as this node needs them: followed, kept for a while, and
//! still there where the chain is away.
//!
//! What the chain says comes through [`SessionSource`]; [`ChainView`] is the one that follows a real
//! chain.

mod chain_view;
mod prices;
mod sessions;
mod source;
mod terms;

pub use self::{
	chain_view::{ChainView, View},
	prices::OFFER_BLOCKS,
	source::{ChainUnavailable, SessionSource},
};
