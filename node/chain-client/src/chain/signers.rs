//! The order of one signer's transactions.

use std::{
	collections::HashMap,
	sync::{Arc, Mutex, PoisonError},
};

use openledger_primitives::AccountId;

/// A lock per signer, held while the nonce is read and used.
#[derive(Default)]
pub(crate) struct SignerLocks(Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>);

impl SignerLocks {
	/// The lock of one signer.
	pub(crate) fn of(&self, signer: &AccountId) -> Arc<tokio::sync::Mutex<()>> {
		let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		locks.entry(signer.clone()).or_default().clone()
	}
}
