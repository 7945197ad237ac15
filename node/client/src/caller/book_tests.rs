use super::*;

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
		model: Some(7),
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
	assert_eq!(lane.clone().without_expired(60 + LAG), lane);
	assert!(lane.clone().without_expired(61 + LAG).untaken.is_empty());
	let lane = KnownLane { untaken: vec![call(7), other.clone()], ..lane };
	assert_eq!(lane.clone().without_expired(61 + LAG).untaken, std::slice::from_ref(&other));
	let used = lane.used(3);
	assert_eq!((used.sequence, used.untaken), (3, vec![other]));
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
