use super::*;
use crate::{
	budget::Budget,
	ledger::{Draft, IntentKind},
};
use openledger_chain_client::{Keypair, Scheme};
use openledger_primitives::{price::PriceSchedule, statement::Statement};
use openledger_protocol::x402::Receipt;
use redb::Database;
use tempfile::TempDir;

fn account(number: u8) -> AccountId {
	[number; 32].into()
}

async fn open(folder: &TempDir) -> Result<(Store, Ledger), StoreError> {
	Store::open(&folder.path().join("deep/er/state.redb"), Hash::zero(), account(1)).await
}

fn draft() -> Draft {
	Draft {
		version: 1,
		price_version: 2,
		price: PriceSchedule { per_call: u128::MAX, per_input_token: 1, per_output_token: 2 },
		input_tokens: 3,
		max_output_tokens: 4,
		request_hash: Hash::repeat_byte(5),
		salt: Hash::repeat_byte(6),
		valid_until: 100,
		receipt_key: account(7),
	}
}

fn receipt(sequence: u64) -> Receipt {
	let statement = Statement {
		genesis_hash: Hash::zero(),
		session: 7,
		lane: 0,
		sequence,
		model: 3,
		version: 1,
		price_version: 2,
		input_tokens: 3,
		output_tokens: 1,
		charge: 9,
		request_hash: Hash::repeat_byte(5),
		response_hash: Hash::zero(),
		attribution: Default::default(),
	};
	let key = Keypair::from_uri("//Bob", Scheme::default()).unwrap();
	Receipt { signature: key.sign_message(&statement), statement }
}

#[tokio::test]
async fn what_the_ledger_knew_is_there_again() {
	let folder = tempfile::tempdir().unwrap();
	let (store, mut ledger) = open(&folder).await.unwrap();
	let budget = Budget::new(1_000, Some(100));
	let node = account(2);
	let kind = IntentKind::Open { expires_at: 500, first: 6 };
	let mut all = Vec::new();
	all.extend(ledger.plan(&node, 10, kind, 1, &budget).unwrap().1);
	all.extend(ledger.opened(&node, 7, 100, 500));
	all.extend(ledger.plan(&account(4), 10, kind, 1, &budget).unwrap().1);
	let (begun, changes) = ledger.begin(&node, 3, 50, draft(), 1, &budget).unwrap();
	all.extend(changes);
	// Signatures differ each time.
	let receipt = receipt(1);
	all.extend(ledger.acknowledge(&begun.slot, receipt.clone(), true));
	all.extend(ledger.begin(&node, 3, 50, draft(), 1, &budget).unwrap().1);
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
		salt: Hash::repeat_byte(6),
		receipt,
		rejected: None,
	};
	assert_eq!(store.statements(7).await.unwrap(), [kept]);
	assert_eq!(store.statements(8).await.unwrap(), []);
	store.close().await;

	let (store, again) = open(&folder).await.unwrap();
	assert_eq!(again.contents(), ledger.contents());
	let session = ledger.session(7).unwrap().clone();
	store.write(ledger.closed(7, None)).wait().await.unwrap();
	assert_eq!(store.closed().await.unwrap(), [session]);
	store.write(ledger.abandon(&account(4))).wait().await.unwrap();
	store.close().await;
	let (_store, again) = open(&folder).await.unwrap();
	assert_eq!(again.contents(), ledger.contents());
	assert_eq!(again.contents().lanes.len(), 0);
}

#[tokio::test]
async fn a_file_of_another_version_is_refused() {
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	let path = store.path().to_owned();
	store.close().await;
	for layout in [2, 4] {
		let database = Database::create(&path).unwrap();
		tables::mark(&database, layout);
		drop(database);
		let refused = open(&folder).await.unwrap_err();
		let StoreError::Layout { found, expected: 3 } = refused else { panic!("{refused}") };
		assert_eq!(found, layout);
	}
}

fn kept(session: SessionId, sequence: u64) -> KeptStatement {
	let mut receipt = receipt(sequence);
	receipt.statement.session = session;
	KeptStatement {
		node: account(2),
		receipt_key: account(7),
		salt: Hash::zero(),
		receipt,
		rejected: Some("too dear".into()),
	}
}

/// A chain that was started anew gives the same numbers again.
#[tokio::test]
async fn what_is_left_of_an_earlier_session_with_the_same_number_is_put_aside() {
	let folder = tempfile::tempdir().unwrap();
	let (store, mut ledger) = open(&folder).await.unwrap();
	let budget = Budget::new(1_000, Some(100));
	let node = account(2);
	let mut changes = Vec::new();
	let open_session = |ledger: &mut Ledger| {
		let kind = IntentKind::Open { expires_at: 500, first: 6 };
		let (_, mut changes) = ledger.plan(&node, 10, kind, 1, &budget).unwrap();
		ledger.submitted(&node);
		changes.extend(ledger.opened(&node, 7, 100, 500));
		changes
	};
	changes.extend(open_session(&mut ledger));
	changes.extend(ledger.begin(&node, 3, 50, draft(), 1, &budget).unwrap().1);
	for kept in [kept(7, 1), kept(8, 1)] {
		changes.push(Change::Statement(Box::new(kept)));
	}
	store.write(changes).wait().await.unwrap();
	assert_eq!(store.statements(7).await.unwrap().len(), 1);
	store.write(ledger.closed(7, None)).wait().await.unwrap();
	assert_eq!(store.closed().await.unwrap().len(), 1);
	let again = open_session(&mut ledger);
	store.write(again).wait().await.unwrap();
	assert_eq!(store.statements(7).await.unwrap(), []);
	assert_eq!(store.statements(8).await.unwrap().len(), 1);
	assert_eq!(store.closed().await.unwrap(), []);
	assert_eq!(ledger.lanes(7).count(), 0);
	store.close().await;
	assert_eq!(open(&folder).await.unwrap().1.contents(), ledger.contents());
}

#[tokio::test]
async fn a_file_is_read_without_knowing_whose_it_is() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("deep/er/state.redb");
	let missing = Store::open_existing(&path, Hash::zero()).await;
	assert!(matches!(missing, Err(StoreError::File { .. })) && !path.exists());
	let (store, _) = open(&folder).await.unwrap();
	store.close().await;
	let (_store, ledger) = Store::open_existing(&path, Hash::zero()).await.unwrap();
	assert_eq!(ledger.meta().caller, account(1));
}

#[tokio::test]
async fn statements_are_kept_for_a_while() {
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	for sequence in [1, 2, 3, 1] {
		let change = Change::Statement(Box::new(kept(7, sequence)));
		store.write(vec![change]).wait().await.unwrap();
	}
	let in_order = async || {
		let kept = store.statements(7).await.unwrap();
		kept.iter().map(KeptStatement::call).collect::<Vec<_>>()
	};
	let known = in_order().await;
	assert!(known.starts_with(&[(0, 1), (0, 2), (0, 3)]), "{known:?}");
	store.forget_statements(Duration::from_secs(3_600)).await.unwrap();
	assert_eq!(in_order().await, known);
	// Everything that is older than nothing at all, but for this very second.
	tokio::time::sleep(Duration::from_millis(1_100)).await;
	store.forget_statements(Duration::ZERO).await.unwrap();
	assert_eq!(in_order().await, []);
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
	let (store, _) = Store::open(&path, Hash::zero(), account(1)).await.unwrap();
	store.close().await;
	let other = Store::open(&path, Hash::repeat_byte(1), account(1)).await;
	assert!(matches!(other, Err(StoreError::Other("chain"))));
	let other = Store::open(&path, Hash::zero(), account(2)).await;
	assert!(matches!(other, Err(StoreError::Other("account"))));
	let rubbish = folder.path().join("rubbish");
	std::fs::write(&rubbish, "not a database at all, but a text that somebody needs").unwrap();
	assert!(Store::open(&rubbish, Hash::zero(), account(1)).await.is_err());
	assert!(std::fs::read_to_string(&rubbish).unwrap().starts_with("not a database"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private() {
	use std::os::unix::fs::PermissionsExt;
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	let mode = fs::metadata(store.path()).unwrap().permissions().mode();
	assert_eq!(mode & 0o777, 0o600);
}
