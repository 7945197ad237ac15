use super::*;
use crate::{
	budget::Budget,
	ledger::{Draft, IntentKind},
};
use openledger_client::{Keypair, Scheme};
use openledger_primitives::{price::PriceSchedule, statement::Statement};
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
	all.extend(ledger.acknowledge(&begun.seat, receipt.clone(), true));
	all.extend(ledger.begin(&node, 3, 50, draft(), 1, &budget).unwrap().1);
	all.extend(ledger.bar(&account(9), "it cheats"));
	all.extend(ledger.bar(&account(8), "it cheats too"));
	all.extend(ledger.forgive(&account(8)));
	all.extend(ledger.rebase());
	for change in all {
		store.write(vec![change]).wait().await.unwrap();
	}
	assert_eq!(store.statements(10).await.unwrap(), [receipt]);
	store.close().await;

	let (store, again) = open(&folder).await.unwrap();
	assert_eq!(again.contents(), ledger.contents());
	store.write(ledger.closed(7, None)).wait().await.unwrap();
	store.write(ledger.abandon(&account(4))).wait().await.unwrap();
	store.close().await;
	let (_store, again) = open(&folder).await.unwrap();
	assert_eq!(again.contents(), ledger.contents());
	assert_eq!(again.contents().lanes.len(), 0);
}

#[tokio::test]
async fn lanes_whose_terms_are_not_known_are_used_no_more() {
	let folder = tempfile::tempdir().unwrap();
	let (store, mut ledger) = open(&folder).await.unwrap();
	let budget = Budget::new(1_000, Some(100));
	let (node, path) = (account(2), store.path().to_owned());
	let kind = IntentKind::Open { expires_at: 500, first: 6 };
	let mut all = ledger.plan(&node, 10, kind, 1, &budget).unwrap().1;
	all.extend(ledger.opened(&node, 7, 100, 500));
	all.extend(ledger.begin(&node, 3, 50, draft(), 1, &budget).unwrap().1);
	store.write(all).wait().await.unwrap();
	store.close().await;
	// As it was before lanes knew more than their model.
	let database = Database::create(&path).unwrap();
	tables::outdate(&database, (7, 0), |lane| {
		let lane = lane.as_object_mut().unwrap();
		lane.remove("terms");
		lane.remove("closed");
		lane.insert("model".into(), 3.into());
	});
	drop(database);
	for _ in 0..2 {
		let (store, again) = open(&folder).await.unwrap();
		let (_, lane) = again.lanes(7).next().unwrap();
		assert!(lane.closed && lane.terms.is_none());
		assert_eq!((lane.sequence, lane.authorised, lane.reserved()), (1, 50, 50));
		store.close().await;
	}
	let (_store, mut again) = open(&folder).await.unwrap();
	let (begun, _) = again.begin(&node, 3, 50, draft(), 1, &budget).unwrap();
	assert_eq!((begun.seat.session, begun.seat.lane), (7, 1));
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	let path = store.path().to_owned();
	store.close().await;
	let database = Database::create(&path).unwrap();
	tables::mark(&database, 3);
	drop(database);
	let refused = open(&folder).await.unwrap_err();
	assert!(matches!(refused, StoreError::Layout { found: 3, expected: 2 }), "{refused}");
}

#[tokio::test]
async fn statements_are_kept_for_a_while() {
	let folder = tempfile::tempdir().unwrap();
	let (store, _) = open(&folder).await.unwrap();
	for sequence in 1..=3 {
		let change = Change::Statement(Box::new(receipt(sequence)));
		store.write(vec![change]).wait().await.unwrap();
	}
	let newest: Vec<_> =
		store.statements(2).await.unwrap().iter().map(|kept| kept.statement.sequence).collect();
	assert_eq!(newest.len(), 2);
	assert_eq!(newest[0], 3);
	store.forget_statements(Duration::from_secs(3_600)).await.unwrap();
	assert_eq!(store.statements(9).await.unwrap().len(), 3);
	// Everything that is older than nothing at all, but for this very second.
	tokio::time::sleep(Duration::from_millis(1_100)).await;
	store.forget_statements(Duration::ZERO).await.unwrap();
	assert_eq!(store.statements(9).await.unwrap().len(), 0);
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
