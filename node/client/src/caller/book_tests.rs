use std::collections::BTreeMap;

use openledger_primitives::{price::PriceSchedule, PriceVersion, MAX_LANES};

use super::*;
use crate::caller::{known::LAG, LaneTerms, OpenCall};

fn key() -> SessionKey {
	SessionKey { genesis_hash: Hash::repeat_byte(1), node: [2; 32].into(), caller: [3; 32].into() }
}

fn session(id: SessionId) -> KnownSession {
	KnownSession {
		genesis_hash: key().genesis_hash,
		node: key().node,
		caller: key().caller,
		session: id,
		deposit: u128::MAX,
		expires_at: 100,
		opened_at: Some(4),
		retired: false,
		lanes: BTreeMap::new(),
	}
}

fn terms(price_version: PriceVersion) -> LaneTerms {
	LaneTerms { model: 1, version: 0, price_version }
}

fn call(allowance: Balance) -> OpenCall {
	OpenCall {
		sequence: 3,
		model: 1,
		version: 0,
		price_version: 0,
		price: PriceSchedule { per_call: 1, per_input_token: 2, per_output_token: 3 },
		input_tokens: 4,
		max_output_tokens: 5,
		allowance,
		request_hash: Hash::repeat_byte(4),
		salt: Hash::repeat_byte(5),
		valid_until: 60,
		expected: None,
		rejected: None,
	}
}

#[tokio::test]
async fn what_is_written_is_read_again() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("deep/er/sessions.json");
	let lane = KnownLane {
		sequence: 3,
		acknowledged: 1 << 100,
		terms: Some(terms(7)),
		closed: false,
		open: Some(call(7)),
		untaken: vec![call(9)],
	};
	{
		let book = SessionBook::open(&path).await.unwrap();
		assert_eq!(book.find(&key()).await, None);
		book.put(&key(), session(4), &[]).await.unwrap();
		book.put_lane(&key(), 4, 1, lane.clone()).await.unwrap();
		// Not the session in use: nothing happens.
		book.put_lane(&key(), 5, 1, KnownLane::default()).await.unwrap();
	}
	let book = SessionBook::open(&path).await.unwrap();
	let known = book.find(&key()).await.unwrap();
	assert_eq!(known.lanes.get(&1), Some(&lane));
	assert_eq!(known.spent(), (1 << 100) + 7);
	book.put(&key(), session(5), &[]).await.unwrap();
	assert_eq!(book.find(&key()).await, Some(session(5)));
	// A call that was under way in the session before is still written down.
	book.put_lane(&key(), 4, 2, KnownLane::default()).await.unwrap();
	let sessions = book.sessions().await;
	assert_eq!(sessions.iter().map(|known| known.retired).collect::<Vec<_>>(), [true, false]);
	assert_eq!(sessions[0].lanes.len(), 2);
	book.retire(&key(), 5).await.unwrap();
	assert_eq!(book.find(&key()).await, None);
	book.put(&key(), session(6), &[4, 5]).await.unwrap();
	assert_eq!(book.sessions().await, vec![session(6)]);
}

#[test]
fn vouchers_that_were_not_taken_are_kept_while_they_can_be() {
	let other = OpenCall { sequence: 4, valid_until: 70, ..call(8) };
	let lane = KnownLane { sequence: 3, open: Some(call(7)), ..KnownLane::default() };
	let lane = lane.not_taken(call(7));
	assert_eq!((lane.sequence, &lane.open, lane.untaken.len()), (2, &None, 1));
	assert_eq!(lane.terms, Some(terms(0)), "the node may hold the voucher");
	assert_eq!(lane.clone().without_expired(60 + LAG), lane);
	assert!(lane.clone().without_expired(61 + LAG).untaken.is_empty());
	let lane = KnownLane { untaken: vec![call(7), other.clone()], ..lane };
	assert_eq!(lane.clone().without_expired(61 + LAG).untaken, std::slice::from_ref(&other));
	let used = lane.used(3);
	assert_eq!((used.sequence, used.untaken), (3, vec![other]));
}

#[test]
fn a_lane_is_for_one_agreement() {
	let used = |price_version| KnownLane {
		sequence: 1,
		terms: Some(terms(price_version)),
		..KnownLane::default()
	};
	let mut known = session(4);
	assert_eq!(known.lane_for(&terms(0), 5), Some(5));
	known.lanes.insert(5, used(0));
	assert_eq!(known.lane_for(&terms(0), 5), Some(5));
	assert_eq!(known.lane_for(&terms(1), 5), Some(6), "one that was never used");
	known.lanes.insert(6, KnownLane { closed: true, ..KnownLane::default() });
	known.lanes.insert(7, used(1));
	assert_eq!(known.lane_for(&terms(1), 5), Some(7), "one that is for them");
	assert_eq!(known.lane_for(&terms(1), 63), Some(63));
	known.lanes.insert(63, used(0));
	assert_eq!(known.lane_for(&terms(1), 63), Some(0), "from the start again");
	for other in [
		LaneTerms { model: 2, ..terms(0) },
		LaneTerms { version: 1, ..terms(0) },
		LaneTerms { price_version: 1, ..terms(0) },
	] {
		assert!(used(0).is_for(&terms(0)) && !used(0).is_for(&other), "{other}");
	}
	for lane in 0..MAX_LANES {
		known.lanes.insert(lane, used(0));
	}
	assert_eq!(known.lane_for(&terms(1), 5), None);
}

#[tokio::test]
async fn lanes_whose_terms_are_not_known_are_used_no_more() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("sessions.json");
	let mut known = session(4);
	known.lanes.insert(0, KnownLane { sequence: 2, acknowledged: 9, ..KnownLane::default() });
	known.lanes.insert(1, KnownLane { open: Some(call(7)), ..KnownLane::default() });
	known.lanes.insert(2, KnownLane::default());
	let before = Contents { layout: WITHOUT_TERMS, sessions: vec![known], openings: vec![] };
	let mut json = serde_json::to_value(&before).unwrap();
	json["sessions"][0]["lanes"]["0"]["model"] = 3.into();
	fs::write(&path, json.to_string()).unwrap();
	{
		let book = SessionBook::open(&path).await.unwrap();
		let known = book.find(&key()).await.unwrap();
		let closed: Vec<_> = known.lanes.values().map(|lane| lane.closed).collect();
		assert_eq!(closed, [true, true, false]);
		assert_eq!((known.lanes[&0].sequence, known.spent()), (2, 16), "nothing else is changed");
		assert_eq!(known.lane_for(&terms(0), 0), Some(2));
		book.retire(&key(), 4).await.unwrap();
	}
	let json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
	assert_eq!(
		(&json["layout"], &json["sessions"][0]["lanes"]["0"]["closed"]),
		(&2.into(), &true.into())
	);
}

#[tokio::test]
async fn two_processes_do_not_use_one_file() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("sessions.json");
	let book = SessionBook::open(&path).await.unwrap();
	let second = SessionBook::open_within(&path, Duration::from_millis(250)).await;
	assert!(matches!(second, Err(CallerError::BookBusy { .. })));
	drop(book);
	assert!(SessionBook::open(&path).await.is_ok());
}

#[tokio::test]
async fn rubbish_is_not_overwritten() {
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("sessions.json");
	for text in ["", "{}", "not json", r#"{"layout": 99, "sessions": []}"#] {
		fs::write(&path, text).unwrap();
		let opened = SessionBook::open(&path).await;
		assert!(matches!(opened, Err(CallerError::Book { .. })), "{text}");
		assert_eq!(fs::read_to_string(&path).unwrap(), text);
	}
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private() {
	use std::os::unix::fs::PermissionsExt;
	let folder = tempfile::tempdir().unwrap();
	let path = folder.path().join("sessions.json");
	let book = SessionBook::open(&path).await.unwrap();
	book.put(&key(), session(1), &[]).await.unwrap();
	let mode = fs::metadata(&path).unwrap().permissions().mode();
	assert_eq!(mode & 0o777, 0o600);
}
