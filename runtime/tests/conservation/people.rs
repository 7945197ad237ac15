//! Who is on the market.

use crate::common::spare_key;
use openledger_primitives::AccountId;
use sp_keyring::Sr25519Keyring::{self, *};
use std::sync::OnceLock;

/// Those who start with money, and those (from [`FIRST_WITHOUT`] on) who do not.
pub fn people() -> &'static [AccountId] {
	static PEOPLE: OnceLock<Vec<AccountId>> = OnceLock::new();
	PEOPLE.get_or_init(|| {
		let known = Sr25519Keyring::iter().map(|key| key.to_account_id());
		known.chain((1..=3).map(|byte| AccountId::new([byte; 32]))).collect()
	})
}

/// The first of those who start without money.
pub const FIRST_WITHOUT: usize = 12;

/// One of all.
pub fn person(number: impl Into<usize>) -> AccountId {
	people()[number.into() % people().len()].clone()
}

/// One of those who start without money.
pub fn poor(number: impl Into<usize>) -> AccountId {
	let poor = &people()[FIRST_WITHOUT..];
	poor[number.into() % poor.len()].clone()
}

fn one_of(keys: &[Sr25519Keyring], number: usize) -> AccountId {
	// Deriving an account from its name takes time.
	static KNOWN: OnceLock<Vec<(Sr25519Keyring, AccountId)>> = OnceLock::new();
	let known = KNOWN
		.get_or_init(|| Sr25519Keyring::iter().map(|key| (key, key.to_account_id())).collect());
	let key = keys[number % keys.len()];
	known.iter().find(|(other, _)| *other == key).expect("all are known").1.clone()
}

/// Somebody who publishes models. The last has little.
pub fn developer(number: impl Into<usize>) -> AccountId {
	one_of(&[Alice, Bob, One], number.into())
}

/// Somebody who curates datanets.
pub fn curator(number: impl Into<usize>) -> AccountId {
	one_of(&[Charlie, Dave], number.into())
}

/// Somebody who contributes data. The last has little.
pub fn contributor(number: impl Into<usize>) -> AccountId {
	one_of(&[Eve, Ferdie, AliceStash, One], number.into())
}

/// Somebody who published the first model, is paid royalties for those that descend from it, and does
/// not exist any more.
pub fn gone() -> AccountId {
	one_of(&[Two], 0)
}

/// Somebody who runs an inference node.
pub fn operator(number: impl Into<usize>) -> AccountId {
	one_of(&[BobStash, CharlieStash, DaveStash, AliceStash], number.into())
}

/// Somebody who calls models.
pub fn caller(number: impl Into<usize>) -> AccountId {
	one_of(&[EveStash, FerdieStash, Bob], number.into())
}

/// Who signs a caller's vouchers: the caller, or a hot key.
pub fn signer(caller: &AccountId, number: usize) -> AccountId {
	if number.is_multiple_of(2) {
		caller.clone()
	} else {
		spare_key(number % 4)
	}
}

/// A key that signs a node's statements.
pub fn receipt_key(number: usize) -> AccountId {
	spare_key(4 + number % 6)
}
