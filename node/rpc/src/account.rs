//! Accounts in parameters. They come as strings and are read here, so that a caller learns what is
//! wrong with an address instead of just "invalid params".

use crate::{shorten::shorten, Error};
use openledger_primitives::{AccountId, SS58_PREFIX};
use sp_core::{
	bytes::from_hex,
	crypto::{PublicError, Ss58Codec},
};

/// The SS58 prefix of addresses that are of no chain in particular, as keys have before they are used on
/// one.
const GENERIC_PREFIX: u16 = 42;

/// A fault of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say what these are.
pub enum AccountError {
	#[error("after 0x must come exactly 64 hexadecimal digits")]
	Hex,
	#[error("it is not base58")]
	Base58,
	#[error("it has the wrong length for an account")]
	Length,
	/// Its last characters do not fit the others: most likely a typing error.
	#[error("its checksum is wrong")]
	Checksum,
	#[error("it is of another chain: its SS58 prefix is {0}, here it is {own}", own = SS58_PREFIX)]
	Prefix(u16),
	#[error("it is not an SS58 address")]
	Malformed,
}

/// Reads an account from its SS58 address, on this chain or of no chain in particular, or from `0x` and 64
/// hexadecimal digits.
///
/// # Errors
/// [`Error::BadAddress`], with what is wrong.
pub fn parse_account(address: &str) -> Result<AccountId, Error> {
	let account = if address.starts_with("0x") { parse_hex(address) } else { parse_ss58(address) };
	account.map_err(|reason| Error::BadAddress { address: shorten(address), reason })
}

fn parse_hex(address: &str) -> Result<AccountId, AccountError> {
	// The length first: a missing digit would else be taken for a leading zero.
	if address.len() != 66 {
		return Err(AccountError::Hex);
	}
	let bytes = from_hex(address).map_err(|_| AccountError::Hex)?;
	let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| AccountError::Hex)?;
	Ok(bytes.into())
}

fn parse_ss58(address: &str) -> Result<AccountId, AccountError> {
	let (account, format) =
		AccountId::from_ss58check_with_version(address).map_err(|error| match error {
			PublicError::BadBase58 => AccountError::Base58,
			PublicError::BadLength => AccountError::Length,
			PublicError::InvalidChecksum => AccountError::Checksum,
			_ => AccountError::Malformed,
		})?;
	match u16::from(format) {
		SS58_PREFIX | GENERIC_PREFIX => Ok(account),
		other => Err(AccountError::Prefix(other)),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: &str = "opnyNEihcAKoDLEuFQ4zsFcd5C5FghnQER5KX9ZTQL4u9r3Aa";
	/// Of no chain in particular.
	const GENERIC: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	const ALICE_HEX: &str = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

	fn reason(address: &str) -> AccountError {
		match parse_account(address) {
			Err(Error::BadAddress { reason, .. }) => reason,
			other => panic!("{address}: {other:?}"),
		}
	}

	#[test]
	fn all_forms_name_the_same_account() {
		let account = parse_account(ALICE).unwrap();
		assert_eq!(account, parse_account(GENERIC).unwrap());
		assert_eq!(account, parse_account(ALICE_HEX).unwrap());
		assert_eq!(account.to_ss58check_with_version(SS58_PREFIX.into()), ALICE);
	}

	#[test]
	fn says_what_is_wrong() {
		assert_eq!(reason(""), AccountError::Length);
		assert_eq!(reason("alice"), AccountError::Base58);
		assert_eq!(reason("Ace"), AccountError::Length);
		assert_eq!(reason(&ALICE[..48]), AccountError::Length);
		assert_eq!(reason(&GENERIC[..47]), AccountError::Malformed);
		assert_eq!(reason(&ALICE.replace("r3A", "r4A")), AccountError::Checksum);
		// Alice on Polkadot.
		let polkadot = "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5";
		assert_eq!(reason(polkadot), AccountError::Prefix(0));
		let message = AccountError::Prefix(0).to_string();
		assert_eq!(message, "it is of another chain: its SS58 prefix is 0, here it is 4521");
		assert_eq!(reason("0x"), AccountError::Hex);
		assert_eq!(reason(&ALICE_HEX[..65]), AccountError::Hex);
		assert_eq!(reason(&format!("{ALICE_HEX}00")), AccountError::Hex);
		assert_eq!(reason(&ALICE_HEX.replace("d4", "g4")), AccountError::Hex);
	}

	#[test]
	fn errors_do_not_echo_long_input() {
		let error = parse_account(&"é".repeat(100_000)).unwrap_err().to_string();
		assert!(error.len() < 300 && error.contains('…'), "{error}");
	}
}
