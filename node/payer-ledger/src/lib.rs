//! The promises of a payer: what it has promised, to whom, and what it keeps of that on disk.
//!
//! Knows no HTTP and no chain: what is learnt of either comes in as arguments. Reads and writes nothing but
//! its own database and the folder with proofs.
//!
//! | module | holds |
//! |---|---|
//! | [`treasury`] | [`Treasury`]: the way to all of it; what changes the ledger is on disk when it returns |
//! | [`voucher`] | [`SignedVoucher`]: what a node is paid with, made of what is on disk |
//! | [`ledger`] | [`Ledger`]: what needs more than one of the parts below |
//! | [`means`] | the choice of a lane for a call, within the budget |
//! | [`books`], [`book`], [`lane`], [`lanes`] | sessions, their lanes, and the calls on them |
//! | [`adopt`] | lanes of which their nodes know more, because the payer's state was lost |
//! | [`deposits`] | putting money into sessions, by transactions |
//! | [`funds`] | transactions under way, and what closed sessions have cost |
//! | [`nodes`], [`oversettled`] | which nodes are trusted, which are not paid any more, and what is held against them |
//! | [`call`], [`session`], [`types`], [`uncharged`] | what is on disk |
//! | [`budget`], [`shortfall`] | how much there is to promise, and what is missing |
//! | [`store`] | the database |
//! | [`proof`], [`report`] | proofs against nodes, and reports of them that are under way, as files |

mod adopt;
mod book;
mod books;
mod budget;
mod call;
mod deposits;
mod funds;
mod lane;
mod lanes;
mod ledger;
mod means;
mod nodes;
mod oversettled;
mod proof;
mod report;
mod session;
mod shortfall;
mod store;
mod treasury;
mod types;
mod uncharged;
mod voucher;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use self::{
	adopt::AdoptError,
	book::Book,
	books::Books,
	budget::Budget,
	call::{Begun, CallTerms, Correction, Fate, KeptStatement, LaneSlot, OpenCall},
	deposits::Deposits,
	funds::Funds,
	lane::{Lane, Settled, Unlisted},
	ledger::Ledger,
	means::Means,
	nodes::{Nodes, TrustRules},
	oversettled::Oversettled,
	proof::Proofs,
	report::{KeptReport, ReportStage, Reports},
	session::{Opening, Session, Signers, Usage},
	shortfall::Shortfall,
	store::StoreError,
	treasury::{Held, Reserved, Treasury, TreasuryError},
	types::{Change, Intent, IntentKind, Meta, Standing, Totals, Trust},
	uncharged::Uncharged,
	voucher::SignedVoucher,
};
