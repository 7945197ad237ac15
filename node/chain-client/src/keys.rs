//! Key pairs from a secret that is never shown.

use std::{
	env::VarError,
	fmt,
	io::{self, Read},
	path::PathBuf,
	str::FromStr,
	sync::Arc,
};

use openledger_primitives::{signing::Signed, AccountId, Signature, SS58_PREFIX};
use sp_core::{
	crypto::{set_default_ss58_version, Ss58AddressFormat, Ss58Codec},
	ecdsa, ed25519, sr25519, Pair,
};
use sp_runtime::{traits::IdentifyAccount, MultiSigner};
use subxt::SubstrateConfig;
use thiserror::Error;
use zeroize::Zeroizing;

/// No secret is longer than this, in bytes.
const MAX_SECRET: u64 = 4096;

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
	/// The secret is not one.
	#[error(
		"the secret is not valid ({reason}): it must be a mnemonic, a 0x-prefixed seed of 32 \
		 bytes, or a development path such as //Alice"
	)]
	Secret {
		/// The reason, without showing the key.
		reason: String,
	},
	/// The environment variable is not set.
	#[error("the environment variable {0} is not set")]
	NoVariable(String),
	/// The secret cannot be read.
	#[error("cannot read the secret from {source_name}: {reason}")]
	Unreadable {
		/// From where.
		source_name: String,
		/// Why not.
		reason: String,
	},
	/// Other users can read the file.
	#[error("other users can read the key file {0}: run `chmod 600` on it")]
	Exposed(String),
	/// No such kind of key.
	#[error("`{0}` is not a kind of key: use sr25519, ed25519 or ecdsa")]
	Scheme(String),
	/// The text is no account.
	#[error("`{0}` is not an account: write it as an SS58 address or as 0x and 64 hex digits")]
	Account(String),
}

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
	/// Schnorr over Ristretto25519: what Substrate wallets use.
	#[default]
	Sr25519,
	/// EdDSA over Ed25519.
	Ed25519,
	/// ECDSA over secp256k1.
	Ecdsa,
}

impl FromStr for Scheme {
	type Err = KeyError;

	fn from_str(text: &str) -> Result<Self, KeyError> {
		match text.to_ascii_lowercase().as_str() {
			"sr25519" => Ok(Self::Sr25519),
			"ed25519" => Ok(Self::Ed25519),
			"ecdsa" => Ok(Self::Ecdsa),
			_ => Err(KeyError::Scheme(text.to_owned())),
		}
	}
}

impl fmt::Display for Scheme {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str(match self {
			Self::Sr25519 => "sr25519",
			Self::Ed25519 => "ed25519",
			Self::Ecdsa => "ecdsa",
		})
	}
}

/// A secret in clear, wiped from memory when it is dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUri(Zeroizing<String>);

impl From<String> for SecretUri {
	fn from(secret: String) -> Self {
		Self(Zeroizing::new(secret))
	}
}

impl FromStr for SecretUri {
	type Err = std::convert::Infallible;

	fn from_str(secret: &str) -> Result<Self, Self::Err> {
		Ok(secret.to_owned().into())
	}
}

impl fmt::Debug for SecretUri {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		formatter.write_str("SecretUri(..)")
	}
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
	/// Given as it is. For development: other users of the machine can see command lines.
	Uri(SecretUri),
	/// From an environment variable of this name. A process cannot take a variable back safely while
	/// others may read its environment: it stays there for as long as the process lives, where its user
	/// and whatever it starts can read it. A file is better.
	Env(String),
	/// From a file that holds the secret alone, as text or as a JSON string.
	File(PathBuf),
	/// From standard input, to its end.
	Stdin,
}

impl KeySource {
	/// Reads the secret and makes the key pair.
	///
	/// # Errors
	/// If the secret is not there or not valid.
	pub fn read(&self, scheme: Scheme) -> Result<Keypair, KeyError> {
		let secret = match self {
			Self::Uri(secret) => secret.0.clone(),
			Self::Env(name) => read_variable(name)?,
			Self::File(path) => {
				let unreadable = |error| unreadable(path.display().to_string(), &error);
				let file = std::fs::File::open(path).map_err(unreadable)?;
				if is_open_to_others(&file).map_err(unreadable)? {
					return Err(KeyError::Exposed(path.display().to_string()));
				}
				read_secret(file).map_err(unreadable)?
			}
			Self::Stdin => read_secret(io::stdin().lock())
				.map_err(|error| unreadable("standard input".into(), &error))?,
		};
		Keypair::from_uri(secret.trim().trim_matches('"'), scheme)
	}
}

fn unreadable(source_name: String, error: &io::Error) -> KeyError {
	KeyError::Unreadable { source_name, reason: error.to_string() }
}

fn read_variable(name: &str) -> Result<Zeroizing<String>, KeyError> {
	match std::env::var(name) {
		Ok(secret) => Ok(Zeroizing::new(secret)),
		Err(VarError::NotPresent) => Err(KeyError::NoVariable(name.to_owned())),
		Err(VarError::NotUnicode(secret)) => {
			drop(Zeroizing::new(secret.into_encoded_bytes()));
			let source_name = format!("the environment variable {name}");
			Err(KeyError::Unreadable { source_name, reason: "it is no text".into() })
		}
	}
}

fn read_secret(source: impl Read) -> io::Result<Zeroizing<String>> {
	// Room for all of it from the start: a buffer that grows leaves copies behind.
	let room = usize::try_from(MAX_SECRET).unwrap_or_default();
	let mut secret = Zeroizing::new(String::with_capacity(room));
	source.take(MAX_SECRET).read_to_string(&mut secret)?;
	Ok(secret)
}

#[cfg(unix)]
fn is_open_to_others(file: &std::fs::File) -> io::Result<bool> {
	use std::os::unix::fs::PermissionsExt;
	Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::File) -> io::Result<bool> {
	Ok(false)
}

/// A key pair that signs for an account. Cheap to clone; its secret is in memory once, and wiped
/// with the last clone.
#[derive(Clone)]
pub struct Keypair(Arc<Secret>);

enum Secret {
	// This one and ECDSA's wipe themselves.
	Sr25519(sr25519::Pair),
	Ed25519(Box<ed25519::Pair>),
	Ecdsa(ecdsa::Pair),
}

impl Drop for Secret {
	fn drop(&mut self) {
		if let Self::Ed25519(pair) = self {
			**pair = ed25519::Pair::from_seed(&[0; 32]);
			// Else the compiler may leave out a write that nobody reads.
			std::hint::black_box(pair);
		}
	}
}

impl fmt::Debug for Keypair {
	fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(formatter, "Keypair({} {})", self.scheme(), self.address())
	}
}

impl Keypair {
	/// The key pair of a secret URI: a mnemonic or a 0x-prefixed seed, with optional derivations
	/// (`//hard`, `/soft`) and password (`///password`); or derivations alone, such as `//Alice`,
	/// from the well-known development phrase.
	///
	/// # Errors
	/// If the secret is not valid.
	pub fn from_uri(uri: &str, scheme: Scheme) -> Result<Self, KeyError> {
		let wrong = |reason: String| KeyError::Secret { reason };
		// An empty secret would stand for the development phrase itself.
		if uri.is_empty() {
			return Err(wrong("it is empty".into()));
		}
		let invalid = |error: sp_core::crypto::SecretStringError| wrong(error.to_string());
		Ok(Self(Arc::new(match scheme {
			Scheme::Sr25519 => {
				Secret::Sr25519(sr25519::Pair::from_string(uri, None).map_err(invalid)?)
			}
			Scheme::Ed25519 => {
				Secret::Ed25519(Box::new(ed25519::Pair::from_string(uri, None).map_err(invalid)?))
			}
			Scheme::Ecdsa => Secret::Ecdsa(ecdsa::Pair::from_string(uri, None).map_err(invalid)?),
		})))
	}

	/// The account that it signs for.
	pub fn account(&self) -> AccountId {
		let signer: MultiSigner = match &*self.0 {
			Secret::Sr25519(pair) => pair.public().into(),
			Secret::Ed25519(pair) => pair.public().into(),
			Secret::Ecdsa(pair) => pair.public().into(),
		};
		signer.into_account()
	}

	/// Its account as an SS58 address.
	pub fn address(&self) -> String {
		ss58(&self.account())
	}

	/// Its kind.
	pub fn scheme(&self) -> Scheme {
		match &*self.0 {
			Secret::Sr25519(_) => Scheme::Sr25519,
			Secret::Ed25519(_) => Scheme::Ed25519,
			Secret::Ecdsa(_) => Scheme::Ecdsa,
		}
	}

	/// Signs bytes as they are.
	pub fn sign(&self, message: &[u8]) -> Signature {
		match &*self.0 {
			Secret::Sr25519(pair) => pair.sign(message).into(),
			Secret::Ed25519(pair) => pair.sign(message).into(),
			Secret::Ecdsa(pair) => pair.sign(message).into(),
		}
	}

	/// Signs a voucher or a statement.
	pub fn sign_message<Message: Signed>(&self, message: &Message) -> Signature {
		self.sign(&message.signing_payload())
	}
}

impl subxt::tx::Signer<SubstrateConfig> for Keypair {
	fn account_id(&self) -> subxt::utils::AccountId32 {
		subxt_account(&self.account())
	}

	fn sign(&self, payload: &[u8]) -> subxt::utils::MultiSignature {
		use subxt::utils::MultiSignature as Subxt;
		match &*self.0 {
			Secret::Sr25519(pair) => Subxt::Sr25519(pair.sign(payload).0),
			Secret::Ed25519(pair) => Subxt::Ed25519(pair.sign(payload).0),
			Secret::Ecdsa(pair) => Subxt::Ecdsa(pair.sign(payload).0),
		}
	}
}

/// An account as the RPC client has it.
pub(crate) fn subxt_account(account: &AccountId) -> subxt::utils::AccountId32 {
	subxt::utils::AccountId32(*AsRef::<[u8; 32]>::as_ref(account))
}

/// Reads an account: an SS58 address of any prefix, or `0x` and 64 hex digits.
///
/// # Errors
/// [`KeyError::Account`].
pub fn parse_account(text: &str) -> Result<AccountId, KeyError> {
	let wrong = || KeyError::Account(text.to_owned());
	let trimmed = text.trim();
	if let Some(digits) = trimmed.strip_prefix("0x") {
		let bytes: [u8; 32] =
			hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
		return Ok(bytes.into());
	}
	AccountId::from_ss58check_with_version(trimmed).map(|(account, _)| account).map_err(|_| wrong())
}

/// An account as an SS58 address with the chain's prefix.
pub fn ss58(account: &AccountId) -> String {
	account.to_ss58check_with_version(Ss58AddressFormat::custom(SS58_PREFIX))
}

/// Makes this process show accounts with the chain's prefix where it does not say so itself: in logs,
/// errors and JSON. For the first line of a program: until then they have Substrate's, and JSON with
/// the chain's cannot be read.
pub fn use_chain_prefix() {
	set_default_ss58_version(Ss58AddressFormat::custom(SS58_PREFIX));
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::{lane::CloseAgreement, Hash};

	const SCHEMES: [Scheme; 3] = [Scheme::Sr25519, Scheme::Ed25519, Scheme::Ecdsa];
	const ALICE: &str = "opnyNEihcAKoDLEuFQ4zsFcd5C5FghnQER5KX9ZTQL4u9r3Aa";

	#[test]
	fn alice_is_alice() {
		let alice = Keypair::from_uri("//Alice", Scheme::Sr25519).unwrap();
		assert_eq!(alice.address(), ALICE);
		assert_eq!(parse_account(ALICE), Ok(alice.account()));
		let digits = format!("0x{}", hex::encode::<&[u8]>(alice.account().as_ref()));
		assert_eq!(parse_account(&digits), Ok(alice.account()));
		// The same account under Substrate's prefix, and Polkadot's.
		for other in [
			"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
			"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5",
		] {
			assert_eq!(parse_account(other), Ok(alice.account()));
		}
	}

	#[test]
	fn every_kind_signs_for_its_account() {
		let message =
			CloseAgreement { genesis_hash: Hash::zero(), session: 1, settled: 5, extension: None };
		for scheme in SCHEMES {
			let pair = Keypair::from_uri("//Bob//stash", scheme).unwrap();
			assert_eq!(pair.scheme(), scheme);
			let signature = pair.sign_message(&message);
			assert!(message.verify(&signature, &pair.account()), "{scheme}");
			let other = Keypair::from_uri("//Alice", scheme).unwrap();
			assert!(!message.verify(&signature, &other.account()), "{scheme}");
		}
	}

	#[test]
	fn secrets_are_not_shown() {
		let secret = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
		let pair = Keypair::from_uri(secret, Scheme::Sr25519).unwrap();
		let shown = format!("{pair:?} {:?}", KeySource::Uri(secret.to_owned().into()));
		assert!(!shown.contains("drive"), "{shown}");
		assert!(shown.contains(&pair.address()), "{shown}");
		let error = Keypair::from_uri("bottom drive obey", Scheme::Sr25519).unwrap_err();
		assert!(!error.to_string().contains("drive"), "{error}");
	}

	#[test]
	fn secrets_come_from_files_and_variables() {
		let directory = tempfile::tempdir().unwrap();
		let path = directory.path().join("key");
		let seed = format!("0x{}", "11".repeat(32));
		for text in [format!("{seed}\n"), format!("\"{seed}\"")] {
			std::fs::write(&path, text).unwrap();
			set_mode(&path, 0o600);
			let pair = KeySource::File(path.clone()).read(Scheme::Ed25519).unwrap();
			let expected = Keypair::from_uri(&seed, Scheme::Ed25519).unwrap();
			assert_eq!(pair.account(), expected.account());
		}
		set_mode(&path, 0o640);
		let exposed = KeySource::File(path).read(Scheme::Ed25519);
		assert!(matches!(exposed, Err(KeyError::Exposed(_))) || cfg!(not(unix)), "{exposed:?}");
		let missing = KeySource::File(directory.path().join("none")).read(Scheme::Sr25519);
		assert!(matches!(missing, Err(KeyError::Unreadable { .. })));
		let unset = KeySource::Env("OPENLEDGER_TEST_UNSET".into()).read(Scheme::Sr25519);
		assert!(matches!(unset, Err(KeyError::NoVariable(_))));
	}

	fn set_mode(path: &std::path::Path, mode: u32) {
		#[cfg(unix)]
		{
			use std::os::unix::fs::PermissionsExt;
			std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
		}
	}

	#[test]
	fn rubbish_is_refused() {
		for scheme in SCHEMES {
			for secret in ["", "0x12", "hello world", "0xzz"] {
				assert!(Keypair::from_uri(secret, scheme).is_err(), "{secret}");
			}
		}
		let mistyped = ALICE.replace('A', "B");
		for account in ["", "0x12", "opnyNE", &mistyped] {
			assert!(parse_account(account).is_err(), "{account}");
		}
		assert!("rsa".parse::<Scheme>().is_err());
	}
}
