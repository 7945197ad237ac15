use std::sync::atomic::Ordering;

use openledger_primitives::{
	answer::{unattributed, Evidence},
	lane::{Agreement, Statement, VersionedStatement},
	price::{PriceSchedule, Tokens},
	Balance, Signature,
};
use openledger_protocol::x402::Receipt;
use redb::Database;
use tempfile::TempDir;

use super::*;
use crate::{testing, tests::contents, Budget, CallTerms, Fate, IntentKind, TreasuryError};

fn account(number: u8) -> AccountId {
	[number; 32].into()
}

async fn open(folder: &TempDir) -> Result<(Store, Ledger), StoreError> {
	Store::open(&path(folder), Hash::zero(), Some(account(1))).await
}

fn path(folder: &TempDir) -> std::path::PathBuf {
	folder.path().join("deep/er/state.redb")
}

fn agreement() -> Agreement {
	Agreement {
		model: 3,
		version: 1,
		price_version: 2,
		as_of: 1,
		evidence: Evidence::Sealed,
		own_price: Some(PriceSchedule { per_call: u128::MAX, ..PriceSchedule::default() }),
	}
}

fn agreed(allowance: Balance) -> CallTerms {
	CallTerms {
		agreement: agreement(),
		list_price: PriceSchedule {
			per_call: u128::MAX,
			per_input_token: 2,
			per_cached_input_token: 1,
			per_output_token: 3,
		},
		input_tokens: 3,
		max_output_tokens: 4,
		allowance,
		request_hash: Hash::repeat_byte(5),
		salt: Hash::repeat_byte(6),
		valid_until: 100,
		receipt_key: account(7),
	}
}

fn answer() -> openledger_primitives::answer::Response {
	let request = Hash::repeat_byte(5);
	unattributed(&[6; 32], &request, b"Paris", Hash::zero(), Evidence::Sealed).unwrap()
}

fn receipt(sequence: u64) -> Receipt {
	let statement = Statement {
		genesis_hash: Hash::zero(),
		session: 7,
		lane: 0,
		agreement: agreement(),
		sequence,
		tokens: Tokens::new(3, 1),
		charge: 9,
		request_hash: Hash::repeat_byte(5),
		response_hash: answer().hash(),
		attribution: Default::default(),
		extension: None,
	};
	let signature = Signature::Sr25519(Default::default());
	Receipt { statement: statement.into(), signature, header: answer().header }
}

#[tokio::test]
async fn what_the_ledger_knew_is_there_again() {
	let folder = tempfile::tempdir().unwrap();
	let (store, mut ledger) = open(&folder).await.unwrap();
	let budget = Budget::new(1_000, Some(100));
	let node = account(2);
	let kind = IntentKind::Open { expires_at: 500, first: 6 };
	let mut all = Vec::new();
	all.push(ledger.deposits().plan(&node, 10, kind, 1, &budget).unwrap().1);
	all.extend(ledger.deposits().opened(&node, 7, 100, 500, 1));
	all.push(ledger.deposits().plan(&account(4), 10, kind, 1, &budget).unwrap().1);
	let (begun, change) = ledger.begin(&node, agreed(50), 1, &budget).unwrap();
	all.push(change);
	// Signatures differ each time.
	let receipt = receipt(1);
	all.extend(ledger.acknowledge(&begun.slot, receipt.clone(), Fate::Delivered, 0));
	let (begun, change) = ledger.begin(&node, agreed(50), 1, &budget).unwrap();
	assert_eq!((begun.acknowledged, begun.slot.sequence), (9, 2));
	all.push(change);
	let books = ledger.books_mut();
	all.extend(books.at(7, |book| book.owe_at_most(&begun.slot, 2, Some(answer()))));
	all.extend(ledger.bar(&account(9), "it cheats"));
	all.extend(ledger.bar(&account(8), "it cheats too"));
	all.extend(ledger.forgive(&account(8)));
	all.extend(ledger.rebase());
	for change in all {
		store.write(vec![change]).wait().await.unwrap();
	}
	let kept = KeptStatement {
		node,
		receipt_key: account(7),
		salt: Some(Hash::repeat_byte(6)),
		receipt,
		rejected: None,
	};
	assert_eq!(store.statements(7).await.unwrap(), [kept]);
	assert_eq!(store.statements(8).await.unwrap(), []);
	store.close().await;

	let (store, again) = open(&folder).await.unwrap();
	assert_eq!(contents(&again), contents(&ledger));
	let session = ledger.books().session(7).unwrap().clone();
	store.write(ledger.closed(7, None, 0).0).wait().await.unwrap();
	assert_eq!(store.closed().await.unwrap(), [session]);
	store.write(ledger.deposits().abandon(&account(4))).wait().await.unwrap();
	store.close().await;
	let (_store, again) = open(&folder).await.unwrap();
	assert_eq!(contents(&again), contents(&ledger));
	assert_eq!(contents(&again).lanes.len(), 0);
}

#[tokio::test]
async fn a_file_of_another_version_is_refused() {
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	store.close().await;
	for layout in [5, 7] {
		let database = Database::create(path(&folder)).unwrap();
		tables::mark(&database, layout);
		drop(database);
		let refused = open(&folder).await.unwrap_err();
		let StoreError::Layout { found, expected: 6 } = refused else { panic!("{refused}") };
		assert_eq!(found, layout);
	}
}

fn kept(session: SessionId, sequence: u64) -> KeptStatement {
	let mut receipt = receipt(sequence);
	let VersionedStatement::V2(statement) = &mut receipt.statement;
	statement.session = session;
	KeptStatement {
		node: account(2),
		receipt_key: account(7),
		salt: None,
		receipt,
		rejected: Some("too dear".into()),
	}
}

/// A chain that was started anew gives the same numbers again.
#[tokio::test]
async fn nothing_is_left_of_an_earlier_session_with_the_same_number() {
	let folder = tempfile::tempdir().unwrap();
	let (store, mut ledger) = open(&folder).await.unwrap();
	let budget = Budget::new(1_000, Some(100));
	let node = account(2);
	let mut changes = Vec::new();
	let open_session = |ledger: &mut Ledger| {
		let kind = IntentKind::Open { expires_at: 500, first: 6 };
		let mut changes = vec![ledger.deposits().plan(&node, 10, kind, 1, &budget).unwrap().1];
		ledger.deposits().submitted(&node);
		changes.extend(ledger.deposits().opened(&node, 7, 100, 500, 1));
		changes
	};
	changes.extend(open_session(&mut ledger));
	changes.push(ledger.begin(&node, agreed(50), 1, &budget).unwrap().1);
	for kept in [kept(7, 1), kept(8, 1)] {
		changes.push(Change::Statement(Box::new(kept)));
	}
	store.write(changes).wait().await.unwrap();
	assert_eq!(store.statements(7).await.unwrap().len(), 1);
	store.write(ledger.closed(7, None, 0).0).wait().await.unwrap();
	assert_eq!(store.closed().await.unwrap().len(), 1);
	let again = open_session(&mut ledger);
	store.write(again).wait().await.unwrap();
	assert_eq!(store.statements(7).await.unwrap(), []);
	assert_eq!(store.statements(8).await.unwrap().len(), 1);
	assert_eq!(store.closed().await.unwrap(), []);
	assert_eq!(ledger.books().get(7).unwrap().lanes().count(), 0);
	store.close().await;
	assert_eq!(contents(&open(&folder).await.unwrap().1), contents(&ledger));
}

#[tokio::test]
async fn a_file_is_read_without_knowing_whose_it_is() {
	let folder = tempfile::tempdir().unwrap();
	let path = path(&folder);
	let missing = Store::open(&path, Hash::zero(), None).await;
	assert!(matches!(missing, Err(StoreError::File { .. })) && !path.exists());
	let (store, _) = open(&folder).await.unwrap();
	store.close().await;
	let (_store, ledger) = Store::open(&path, Hash::zero(), None).await.unwrap();
	assert_eq!(ledger.meta().caller, account(1));
}

#[tokio::test]
async fn statements_are_kept_for_a_while() {
	let folder = tempfile::tempdir().unwrap();
	let (store, mut ledger) = open(&folder).await.unwrap();
	for session in [7, 8] {
		store
			.write(ledger.deposits().opened(&account(2), session, 100, 500, 1))
			.wait()
			.await
			.unwrap();
		for sequence in [1, 2, 3, 1] {
			let change = Change::Statement(Box::new(kept(session, sequence)));
			store.write(vec![change]).wait().await.unwrap();
		}
	}
	let in_order = async |session| {
		let kept = store.statements(session).await.unwrap();
		kept.iter().map(KeptStatement::call).collect::<Vec<_>>()
	};
	let known = in_order(7).await;
	assert!(known.starts_with(&[(0, 1), (0, 2), (0, 3)]), "{known:?}");
	store.write(ledger.closed(8, None, 0).0).wait().await.unwrap();
	store.forget_before(unix_seconds() - 3_600).await.unwrap();
	assert_eq!((in_order(7).await, in_order(8).await), (known.clone(), known));
	// Everything up to this second, of a session that is closed and of one that is not.
	store.forget_before(unix_seconds() + 1).await.unwrap();
	assert_eq!((in_order(7).await, in_order(8).await), (vec![], vec![]));
	assert_eq!(store.closed().await.unwrap(), []);
}

#[tokio::test]
async fn two_processes_do_not_share_a_budget() {
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	assert!(matches!(open(&folder).await, Err(StoreError::InUse)));
	store.close().await;
	assert!(open(&folder).await.is_ok());
	assert!(matches!(store.write(vec![]).wait().await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn a_file_of_somebody_else_is_refused() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("state.redb");
	let (store, _) = Store::open(&path, Hash::zero(), Some(account(1))).await.unwrap();
	store.close().await;
	let other = Store::open(&path, Hash::repeat_byte(1), Some(account(1))).await;
	assert!(matches!(other, Err(StoreError::Other("chain"))));
	let other = Store::open(&path, Hash::zero(), Some(account(2))).await;
	assert!(matches!(other, Err(StoreError::Other("account"))));
	let rubbish = folder.path().join("rubbish");
	std::fs::write(&rubbish, "not a database at all, but a text that somebody needs").unwrap();
	assert!(Store::open(&rubbish, Hash::zero(), Some(account(1))).await.is_err());
	assert!(std::fs::read_to_string(&rubbish).unwrap().starts_with("not a database"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private() {
	use std::os::unix::fs::PermissionsExt;
	let folder = tempfile::tempdir().unwrap();
	let (_store, _) = open(&folder).await.unwrap();
	let mode = fs::metadata(path(&folder)).unwrap().permissions().mode();
	assert_eq!(mode & 0o777, 0o600);
}

/// Nothing that cannot be written down is reserved, so that no voucher can be signed for it.
#[tokio::test]
async fn nothing_is_reserved_on_a_full_disk() {
	let budget = Budget::new(1_000, Some(100));
	let (treasury, is_full) = testing::treasury(Hash::zero(), account(1), budget);
	let node = account(2);
	let kind = IntentKind::Open { expires_at: 500, first: 7 };
	assert_eq!(treasury.plan(&node, 10, kind, 1, 1_000).await.unwrap(), 100);
	treasury.submitted(&node);
	treasury.update(|ledger| ledger.deposits().opened(&node, 7, 100, 500, 1)).await.unwrap();
	let reserved = treasury.begin(&node, agreed(10), 1).await.unwrap();
	assert_eq!(reserved.slot.sequence, 1);

	is_full.store(true, Ordering::Relaxed);
	let refused = treasury.begin(&node, agreed(10), 1).await.unwrap_err();
	assert!(matches!(refused, TreasuryError::Store(StoreError::Database(_))), "{refused}");
	// Nor is anything reserved, or planned, when there is room again: what would be on disk is not known.
	is_full.store(false, Ordering::Relaxed);
	assert!(!treasury.is_well());
	let refused = treasury.begin(&node, agreed(10), 1).await.unwrap_err();
	assert!(matches!(refused, TreasuryError::Store(StoreError::Closed)), "{refused}");
	let refused = treasury.plan(&account(3), 10, kind, 1, 1_000).await.unwrap_err();
	assert!(matches!(refused, TreasuryError::Store(StoreError::Closed)), "{refused}");
	let refused = treasury.update(|ledger| ledger.bar(&node, "no")).await.unwrap_err();
	assert!(matches!(refused, StoreError::Closed), "{refused}");
}
