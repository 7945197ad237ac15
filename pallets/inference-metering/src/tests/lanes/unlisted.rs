//! Calls that a node settles, and that its caller has never agreed with.

use super::*;
use crate::{
	tests::disputing::{bond_of, dispatch, misreport, status, PENALTY, REST, REWARD},
	versions, Disputed, Error, WeightInfo,
};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{GetDispatchInfo, Pays},
};
use openledger_primitives::{info::NodeStatus, lane_list::LookupProof, MAX_SERVED};

/// The contribution of a friend of the operator's.
const FRIEND: (u64, u16) = (3, 10_000);

/// A lane whose calls have these sequences.
fn book_of(sequences: impl IntoIterator<Item = u64>) -> Book {
	let mut book = Book::new(open_session(DEPOSIT), 0);
	for sequence in sequences {
		book.call(record(sequence));
	}
	System::reset_events();
	book
}

/// What the lane's list says of a sequence.
fn lookup(book: &Book, sequence: u64) -> LookupProof {
	let leaf = |index: u32| book.leaves.get(index as usize).copied();
	let stored = |level, index| book.nodes.get(&(level, index)).copied();
	LookupProof::new(book.list.count(), book.list.peaks(), sequence, leaf, stored).unwrap()
}

/// What the node stated of the call of a sequence, if there was one.
fn statement(book: &Book, sequence: u64) -> Option<Statement> {
	let record = book.records.iter().find(|record| record.sequence == sequence)?;
	Some(book.statement(record))
}

/// A report of an item by the list of the settlement with the last sequence `listed_in`.
fn unlisted_call(
	of: &Proven,
	listed_in: u64,
	lookup: LookupProof,
	statement: Option<Statement>,
) -> crate::Call<Test> {
	let (session, lane, last_sequence) = of.key;
	crate::Call::report_unlisted_call {
		session,
		lane,
		last_sequence,
		item: Box::new(of.item.clone()),
		index: of.index,
		hashes: of.hashes.clone().try_into().unwrap(),
		listed_in,
		lookup: Box::new(lookup),
		statement: statement.map(|statement| Box::new(statement.into())),
	}
}

fn report(call: crate::Call<Test>) -> DispatchResult {
	plain(dispatch(STRANGER, call))
}

/// Reports an item by all that its lane's list says of its sequence.
fn report_by(book: &Book, listed_in: u64, of: &Proven) -> DispatchResult {
	let sequence = of.item.last_sequence();
	report(unlisted_call(of, listed_in, lookup(book, sequence), statement(book, sequence)))
}

/// The item of a sequence, of those that were settled in this block.
fn item_of(sequence: u64) -> Proven {
	let mut all = proven().into_iter();
	all.find(|of| of.item.last_sequence() == sequence).unwrap()
}

/// There was no fourth call, and the node settles one in the place of the fifth, for its friend.
fn settled_with_a_made_up_call() -> (Book, Proven) {
	let book = book_of([1, 2, 3, 5, 6, 7, 8, 9]);
	let parts =
		vec![book.records(0..3), records(vec![attributed(4, &[FRIEND])]), book.records(4..8)];
	assert_ok!(settle(vec![settlement(&book.voucher(), parts)]));
	assert_eq!(proven().len(), 8);
	let made_up = item_of(4);
	(book, made_up)
}

#[test]
fn a_call_that_there_was_not_is_punished() {
	run(|| {
		let (book, made_up) = settled_with_a_made_up_call();
		let before = [CALLER, STRANGER, PROTOCOL].map(balance);

		assert_ok!(report_by(&book, 9, &made_up));

		System::assert_last_event(
			Event::UnlistedCallProven {
				operator: account(NODE),
				reporter: account(STRANGER),
				session: book.session,
				lane: 0,
				sequence: 4,
				reward: REWARD,
				protocol: REST,
			}
			.into(),
		);
		// The caller was charged what it had agreed to.
		let after = [CALLER, STRANGER, PROTOCOL].map(balance);
		let got = [0, 1, 2].map(|who| after[who] - before[who]);
		assert_eq!(got, [0, REWARD, REST]);
		assert_eq!(bond_of(NODE), BOND - PENALTY);
		assert_eq!(status(), NodeStatus::Jailed(31));
		assert!(Disputed::<Test>::get(made_up.key)[&4].misreported);
		assert_noop!(report_by(&book, 9, &made_up), Error::<Test>::AlreadyDisputed);
	});
}

/// A call is settled twice: as one that there was not, and in a run. Another one is left out for that.
#[test]
fn a_call_that_is_settled_again_in_a_gap_is_punished() {
	run(|| {
		let book = book_of([1, 2, 3, 5, 6, 7, 8, 9]);
		let again = CallRecord { sequence: 4, ..record(5) };
		let parts = vec![book.records(0..3), records(vec![again]), book.run(3..7)];
		assert_ok!(settle(vec![settlement(&book.voucher(), parts)]));
		let (header, items) = settled_lanes().remove(0);
		assert_eq!((header.sequence, items.len(), header.rejected), (8, 5, 0));
		assert_eq!((header.voucher_sequence, header.acknowledged_root), (10, book.list.root()));

		assert_ok!(report_by(&book, 8, &item_of(4)));
		// Sums are what the list says, and nobody's one call.
		assert_noop!(report_by(&book, 8, &item_of(8)), Error::<Test>::NotTheSameCall);
	});
}

#[test]
fn a_call_before_the_first_one_after_the_last_one_or_without_any_is_punished() {
	run(|| {
		// A jailed node takes no sessions.
		let (before, after, mut none) = (book_of([3, 4]), book_of([1, 2]), book_of([]));
		let parts = vec![records(vec![record(1)]), before.records(0..1)];
		assert_ok!(settle(vec![settlement(&before.voucher(), parts)]));
		assert_ok!(report_by(&before, 3, &item_of(1)));
		assert_noop!(report_by(&before, 3, &item_of(3)), Error::<Test>::NoContradiction);

		System::reset_events();
		let voucher = Voucher { sequence: 9, ..after.voucher() };
		let parts = vec![after.records(0..1), records(vec![record(8)])];
		assert_ok!(settle(vec![settlement(&voucher, parts)]));
		assert_ok!(report_by(&after, 8, &item_of(8)));
		assert_noop!(report_by(&after, 8, &item_of(1)), Error::<Test>::NoContradiction);

		System::reset_events();
		none.agreement.price_version = FREE;
		let voucher = Voucher { sequence: 5, ..none.voucher() };
		assert_ok!(settle(vec![settlement(&voucher, vec![records(vec![record(4)])])]));
		assert_ok!(report_by(&none, 4, &item_of(4)));
	});
}

/// Whatever an honest node settles, by however many vouchers, each list that it settled by has it as it is.
#[test]
fn whoever_settles_what_was_acknowledged_is_never_punished() {
	run(|| {
		let mut book = book_of([]);
		let (mut all, mut lists) = (Vec::new(), Vec::new());
		let mut next = 0;
		for sequence in [2u64, 3, 6, 7, 8, 11, 12, 13, 14, 20] {
			let before = book.clone();
			let record = attributed(sequence, &[FRIEND]);
			let voucher = Voucher { sequence, ..before.voucher() };
			book.call(record.clone());
			// With each third call, and that by its own voucher.
			if book.records.len() % 3 == 0 {
				System::reset_events();
				let parts = vec![before.records(next..before.records.len()), records(vec![record])];
				let voucher = Voucher { authorised: book.charge(), ..voucher };
				assert_ok!(settle(vec![settlement(&voucher, parts)]));
				next = book.records.len();
				all.extend(proven());
				lists.push((sequence, before));
			}
		}
		assert_eq!((all.len(), lists.len()), (9, 3));

		for of in &all {
			for (listed_in, list) in &lists {
				let error = if of.item.last_sequence() < *listed_in {
					Error::<Test>::NoContradiction
				} else {
					Error::<Test>::NotAcknowledgedYet
				};
				assert_noop!(report_by(list, *listed_in, of), error);
				// Without its statement, with the one of another call, or by what the list says of other
				// sequences.
				let sequence = of.item.last_sequence();
				for statement in [None, statement(&book, 2), statement(&book, 20)] {
					let proof = lookup(list, sequence);
					assert!(report(unlisted_call(of, *listed_in, proof, statement)).is_err());
				}
				for other in 0..22 {
					let proof = lookup(list, other);
					assert!(report(unlisted_call(of, *listed_in, proof, None)).is_err());
				}
				// Nor by a list that the voucher does not acknowledge.
				let gap = book_of([1]);
				let proof = lookup(&gap, sequence);
				assert!(report(unlisted_call(of, *listed_in, proof, None)).is_err());
			}
		}
		assert_eq!(bond_of(NODE), BOND);
	});
}

#[test]
fn a_call_that_is_listed_otherwise_is_punished() {
	run(|| {
		let book = book_of(1..=6);
		let changes: [fn(&mut CallRecord); 4] = [
			|it| it.response_hash = Hash::zero(),
			|it| it.attribution = shares(&[FRIEND]),
			|it| it.output_tokens -= 1,
			|it| it.retrieved_tokens += 1,
		];
		let mut settled = book.records.clone();
		for (record, change) in settled.iter_mut().zip(changes) {
			change(record);
		}
		// One that costs more, where another one cost less.
		settled[4].output_tokens += 1;
		assert_ok!(settle(vec![settlement(&book.voucher(), vec![records(settled)])]));
		let all = proven();
		assert_eq!(all.len(), 6);

		for of in &all[..4] {
			let sequence = of.item.last_sequence();
			let found = || lookup(&book, sequence);
			let report = |statement| report(unlisted_call(of, 6, found(), statement));
			assert_noop!(report(None), Error::<Test>::NoContradiction);
			assert_noop!(report(statement(&book, 6)), Error::<Test>::NotTheSameCall);
			// What the node stated, but not what the caller acknowledged.
			let other = statement(&book, sequence).unwrap();
			let other = Statement { request_hash: Hash::zero(), ..other };
			assert_noop!(report(Some(other)), Error::<Test>::NotTheSameCall);
			assert_ok!(report(statement(&book, sequence)));
			assert_noop!(report(statement(&book, sequence)), Error::<Test>::AlreadyDisputed);
		}
		assert_noop!(report_by(&book, 6, &all[4]), Error::<Test>::ReportAsOvercharge);
		assert_noop!(report_by(&book, 6, &all[5]), Error::<Test>::NoContradiction);
	});
}

/// By whichever proof: a settled call that is not as it was counts once.
#[test]
fn a_call_is_reported_as_unlisted_or_as_misreported() {
	run(|| {
		let book = book_of(1..=3);
		let mut settled = book.records.clone();
		settled[0].response_hash = Hash::zero();
		settled[1].response_hash = Hash::zero();
		assert_ok!(settle(vec![settlement(&book.voucher(), vec![records(settled)])]));
		let all = proven();
		let misreport = |sequence, of| misreport(&statement(&book, sequence).unwrap(), of);

		assert_ok!(misreport(1, &all[0]));
		assert_noop!(report_by(&book, 3, &all[0]), Error::<Test>::AlreadyDisputed);
		assert_ok!(report_by(&book, 3, &all[1]));
		assert_noop!(misreport(2, &all[1]), Error::<Test>::AlreadyDisputed);
	});
}

/// The node settles a call that failed by its own voucher, whose list cannot have it yet; the next list shows it.
#[test]
fn a_made_up_call_of_a_voucher_is_shown_by_a_later_list() {
	run(|| {
		let mut book = book_of([1, 2, 3]);
		let own = records(vec![attributed(4, &[FRIEND])]);
		assert_ok!(settle(vec![settlement(&book.voucher(), vec![book.records(0..3), own])]));
		let made_up = item_of(4);
		assert_noop!(report_by(&book, 4, &made_up), Error::<Test>::NotAcknowledgedYet);
		// There is no such settlement yet.
		book.call(record(5));
		book.call(record(6));
		assert_noop!(report_by(&book, 5, &made_up), Error::<Test>::NotDisputable);

		assert_ok!(settle(vec![settlement(&book.voucher(), vec![book.records(3..4)])]));
		assert_noop!(report_by(&book, 4, &made_up), Error::<Test>::NotAcknowledgedYet);
		assert_ok!(report_by(&book, 5, &made_up));
		assert_noop!(report_by(&book, 5, &item_of(5)), Error::<Test>::NoContradiction);
		assert!(Disputed::<Test>::get(made_up.key)[&4].misreported);
	});
}

#[test]
fn bad_reports_of_made_up_calls_are_refused() {
	run(|| {
		let (book, made_up) = settled_with_a_made_up_call();
		let report = |of: &Proven, change: fn(&mut LookupProof)| {
			let mut proof = lookup(&book, 4);
			change(&mut proof);
			report(unlisted_call(of, 9, proof, None))
		};
		for elsewhere in [
			Proven { index: made_up.index + 1, ..made_up.clone() },
			Proven { hashes: vec![], ..made_up.clone() },
			Proven { item: item_of(5 + 1).item, ..made_up.clone() },
		] {
			assert_noop!(report(&elsewhere, |_| ()), Error::<Test>::BadInclusionProof);
		}
		for key in [(book.session, 1, 9), (book.session + 1, 0, 9), (book.session, 0, 8)] {
			let unknown = Proven { key, ..made_up.clone() };
			assert_noop!(report(&unknown, |_| ()), Error::<Test>::NotDisputable);
		}
		let changes: [fn(&mut LookupProof); 6] = [
			|proof| proof.count += 1,
			|proof| proof.peaks[0] = Hash::zero(),
			|proof| proof.before = None,
			|proof| proof.next = None,
			|proof| proof.next.as_mut().unwrap().sequence += 1,
			|proof| proof.hashes[0] = Hash::zero(),
		];
		for change in changes {
			assert_noop!(report(&made_up, change), Error::<Test>::BadLookupProof);
		}
		let call = unlisted_call(&made_up, 9, lookup(&book, 4), statement(&book, 5));
		assert_noop!(super::unlisted::report(call), Error::<Test>::NotTheSameCall);
		assert_ok!(report(&made_up, |_| ()));
	});
}

#[test]
fn a_made_up_call_is_reported_within_the_dispute_window() {
	run(|| {
		let (book, made_up) = settled_with_a_made_up_call();
		assert_ok!(Metering::close_session(signed(NODE), book.session));
		System::set_block_number(102);
		assert_noop!(report_by(&book, 9, &made_up), Error::<Test>::NotDisputable);
		System::set_block_number(101);
		assert_ok!(report_by(&book, 9, &made_up));
	});
}

#[test]
fn a_report_of_a_made_up_call_costs_no_fee() {
	run(|| {
		let (book, made_up) = settled_with_a_made_up_call();
		let call = unlisted_call(&made_up, 9, lookup(&book, 4), None);
		let info = call.get_dispatch_info();
		let weight = |models| <()>::report_unlisted_call(3, models);
		assert_eq!((info.call_weight, info.pays_fee), (weight(MAX_SERVED), Pays::Yes));

		let held = dispatch(STRANGER, call.clone()).unwrap();
		assert_eq!((held.actual_weight, held.pays_fee), (Some(weight(1)), Pays::No));
		let refused = dispatch(STRANGER, call).unwrap_err().post_info;
		assert_eq!((refused.actual_weight, refused.pays_fee), (None, Pays::Yes));
	});
}

/// What counts is the statement of the version that the list has.
#[test]
fn a_listed_statement_of_the_next_version_is_compared_by_what_it_says() {
	run(|| {
		let mut book = book_of([1]);
		let present = book.statement(&record(2));
		let stated: versions::VersionedStatement =
			versions::NextStatement { present: present.clone(), more: 7 }.into();
		let nodes = &mut book.nodes;
		let leaf =
			book.list.append_visited(2, stated.hash(), &present.totals(), |level, at, hash| {
				nodes.insert((level, at), *hash);
			});
		book.leaves.push(leaf.unwrap());
		book.records.push(record(2));
		let other = CallRecord { response_hash: Hash::zero(), ..record(2) };
		let parts = vec![book.records(0..1), records(vec![other])];
		assert_ok!(settle(vec![settlement(&book.voucher(), parts)]));
		let by = |stated: versions::VersionedStatement| {
			let mut call = unlisted_call(&item_of(2), 2, lookup(&book, 2), None);
			if let crate::Call::report_unlisted_call { statement, .. } = &mut call {
				*statement = Some(Box::new(stated));
			}
			report(call)
		};

		assert_noop!(by(present.into()), Error::<Test>::NotTheSameCall);
		assert_ok!(by(stated));
	});
}
