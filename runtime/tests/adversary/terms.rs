//! Terms that change between a call and what it pays.

use super::*;
use openledger_runtime::configs::parameters::dynamic_params::revenue;

#[test]
fn price_change_between_voucher_and_settlement() {
	on_chain(|| {
		market(0);
		// The developer makes calls ten times as dear.
		let dear = PriceSchedule { per_output_token: 10 * MILLI_OPEN, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: dear }));
		pass(parameters::NoticePeriod::get() - 5);
		// Before that, the caller agrees to two calls at the price of now.
		let first = TheCall { as_of: block_before(), ..the_call() };
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..first.clone() };
		let voucher = second.voucher();
		pass(10);

		// In force or not: the node cannot use the new price for calls that were agreed on before. Nor did
		// anybody agree on it then, not even the caller.
		let dressed = TheCall { price_version: 1, ..second.clone() }.voucher();
		let records = || [first.record(), second.record()];
		assert_eq!(
			redeem_as_signed(&voucher, dressed, records()),
			Err(MeteringError::<Runtime>::BadSignature.into())
		);
		assert_eq!(redeem(dressed, records()), Err(MeteringError::<Runtime>::NotInForce.into()));
		// At the price that was agreed on they are paid.
		assert_ok!(redeem(voucher, records()));
		assert_eq!(settled(0), 100 * MILLI_OPEN);

		// A cut is in force at once, and does not reach what was agreed on before, either.
		let third = TheCall {
			lane: 1,
			allowance: 230 * MILLI_OPEN,
			price_version: 1,
			as_of: block_before(),
			..the_call()
		};
		let voucher = third.voucher();
		let cut = PriceSchedule { per_output_token: 1, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: cut }));
		assert_ok!(redeem(voucher, [third.record()]));
		assert_eq!(settled(0), 330 * MILLI_OPEN);

		// But not for ever: it is for the node to settle in time.
		let fourth = TheCall { sequence: 2, acknowledged: 230 * MILLI_OPEN, ..third };
		pass(parameters::SettlementGrace::get());
		assert_eq!(fourth.settle(), Err(MeteringError::<Runtime>::PriceExpired.into()));
	});
}

#[test]
fn weight_change_between_call_and_claim() {
	on_chain(|| {
		market(0);
		assert_ok!(the_call().settle());
		let earned = data_part(50 * MILLI_OPEN, &policy());

		// The curator wants Eve to have nearly all of it, Eve too.
		for (contribution, weight) in [(0, 999_999), (1, 1)] {
			assert_ok!(send(&id(CURATOR), Data::set_weight { contribution, weight }));
		}
		assert_eq!(claim(0, 1), Ok(earned / 4));
		publish(CURATOR, 0);
		assert_eq!(claim(1, 1), Ok(earned / 4 * 3));
		assert_eq!(Releases::<Runtime>::get(0, 1).unwrap().total_weight, 4);

		// The model was made from the first release, and goes on to pay that.
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		assert_ok!(second.settle());
		let nothing = DataError::<Runtime>::NothingToClaim;
		assert_eq!(claim(0, 2), Err(nothing.into()));
		assert_eq!(claim(0, 1), Ok(earned / 4));
		assert_eq!(claim(1, 1), Ok(earned / 4 * 3));
	});
}

#[test]
fn version_policy_and_price_change_between_call_and_settlement() {
	on_chain(|| {
		market(0);
		create_datanet(Dave, "other", 0);
		let other = contribute(Bob, Dave, 1, 50, 1);
		publish(Dave, 1);
		let details = version("https://models.example/next", root(5), fixed(1, 1));
		assert_ok!(send(&id(DEVELOPER), Models::publish_version { model: 0, details }));
		let dear = PriceSchedule { per_call: OPEN, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: dear }));
		let greedy = RevenuePolicy {
			developer: Permill::from_percent(70),
			data: Permill::from_percent(10),
			node: Permill::from_percent(20),
			attributed: Permill::zero(),
		};
		assert_ok!(send(&id(DEVELOPER), Models::set_policy { model: 0, policy: greedy }));
		// Until all that is in force, nobody can use it.
		let early = TheCall { lane: 1, version: 1, ..the_call() };
		assert_eq!(early.settle(), Err(MeteringError::<Runtime>::NotInForce.into()));
		pass(parameters::NoticePeriod::get() - 5);
		// Before it is, the caller signs for two calls, and both are answered.
		let first = TheCall { as_of: block_before(), ..the_call() };
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..first.clone() };
		let voucher = second.voucher();
		pass(5);
		// Then it is, and the model has another owner. The one before has named an account to be paid, in vain.
		let payee = AccountId::new([9; 32]);
		let name_payee = Models::set_payee { model: 0, payee: Some(payee.clone()) };
		assert_ok!(send(&id(DEVELOPER), name_payee));
		assert_ok!(send(&id(DEVELOPER), Models::offer_model { model: 0, to: id(Ferdie) }));
		assert_ok!(send(&id(Ferdie), Models::accept_model { model: 0, max_deposit: Balance::MAX }));
		pass(1);

		// Nobody can say that it was the new terms that these calls were made at, nor that they were made later.
		let records = || [first.record(), second.record()];
		for dressed in [
			TheCall { price_version: 2, ..second.clone() },
			TheCall { version: 1, ..second.clone() },
			TheCall { version: 1, price_version: 2, as_of: block_before(), ..second.clone() },
		] {
			let dressed = redeem_as_signed(&voucher, dressed.voucher(), records());
			assert_eq!(dressed, Err(MeteringError::<Runtime>::BadSignature.into()));
		}

		// What the caller pays, who shares it, and whose data answered, is as it was when the calls were
		// made. That they were held back until the greedy policy was in force makes no difference.
		let people = [id(DEVELOPER), id(Ferdie), id(OPERATOR)];
		let before = people.each_ref().map(wealth);
		assert_ok!(redeem(voucher, records()));
		let charge = 50 * MILLI_OPEN;
		let share = parameters::ProtocolShare::get();
		let parts = split_charge(charge, share, &policy()).unwrap();
		assert_eq!(settled(0), 2 * charge);
		let after = people.each_ref().map(wealth);
		assert_eq!((after[1], wealth(&payee)), (before[1], 0));
		assert_eq!(after[0] - before[0], 2 * parts.developer);
		assert_eq!(after[2] - before[2], 2 * parts.node);
		assert_eq!((received(0), received(1)), (2 * parts.data, 0));

		// What is agreed on from now on is dearer, and is shared in the new way. That is one price
		// version: the one that was announced before the policy was never in force.
		let dear_charge = OPEN + 20 * MILLI_OPEN;
		let third = TheCall {
			lane: 2,
			allowance: dear_charge,
			version: 1,
			price_version: 2,
			as_of: block_before(),
			..the_call()
		};
		let never = TheCall { price_version: 1, ..third.clone() };
		assert_eq!(never.settle(), Err(MeteringError::<Runtime>::NotInForce.into()));
		let before = after;
		assert_ok!(third.settle());
		let parts = split_charge(dear_charge, share, &greedy).unwrap();
		let after = people.each_ref().map(wealth);
		assert_eq!((after[0], wealth(&payee)), (before[0], 0));
		assert_eq!(after[1] - before[1], parts.developer);
		assert_eq!(after[2] - before[2], parts.node);
		assert_eq!(claim(other, 1), Ok(parts.data));

		// The old terms end, all at once, and with them what was not settled.
		let third = TheCall { sequence: 3, acknowledged: 2 * charge, ..first };
		pass(parameters::SettlementGrace::get());
		let expired: DispatchError = MeteringError::<Runtime>::VersionExpired.into();
		assert_eq!(third.settle(), Err(expired));
		// The caller has lost nothing by that.
		let session = Sessions::<Runtime>::get(0).unwrap();
		assert_eq!(session.remaining(), 10 * OPEN - 2 * charge - dear_charge);
	});
}

/// Amount that contributors have received through a release.
fn received(datanet: DatanetId) -> Balance {
	Releases::<Runtime>::get(datanet, 1).unwrap().received
}

/// A change by governance changes nothing for calls that were agreed on before, nor for those of its own block.
#[test]
fn protocol_share_changes_between_two_settlements_of_a_block() {
	on_chain(|| {
		market(0);
		let [.., protocol] = pots();
		let before = the_call();
		let next = |sequence| TheCall {
			sequence,
			acknowledged: 50 * MILLI_OPEN * Balance::from(sequence - 1),
			..the_call()
		};
		let part_of = |call: &TheCall| {
			let before = wealth(&protocol);
			assert_ok!(call.settle());
			wealth(&protocol) - before
		};
		let part = |percent| Permill::from_percent(percent) * (50 * MILLI_OPEN);
		assert_eq!(part_of(&before), part(5));

		let share = Some(Permill::from_percent(20));
		let share = revenue::Parameters::ProtocolShare(revenue::ProtocolShare, share);
		let key_value = parameters::RuntimeParameters::Revenue(share);
		assert_ok!(govern(pallet_parameters::Call::set_parameter { key_value }));
		let changed_at = System::block_number();
		assert_eq!(part_of(&next(2)), part(5));
		pass(1);
		assert_eq!(part_of(&next(3)), part(5));
		pass(1);

		for (lane, as_of, percent) in [(1, changed_at, 5), (2, changed_at + 1, 20)] {
			assert_eq!(part_of(&TheCall { lane, as_of, ..the_call() }), part(percent), "{as_of}");
		}
	});
}

/// A developer who runs the node as well holds calls back until the model pays no data any more, at the
/// same price, or is made from data of the developer's own.
#[test]
fn calls_held_back_until_their_contributors_earn_nothing() {
	on_chain(|| {
		market(0);
		create_datanet(DEVELOPER, "own", 0);
		contribute(DEVELOPER, DEVELOPER, 1, 50, 1);
		publish(DEVELOPER, 1);
		let charge = 50 * MILLI_OPEN;
		let policy_for_me =
			RevenuePolicy { developer: Permill::from_percent(75), ..policy().without_data() };
		let change = Models::set_policy { model: 0, policy: policy_for_me };
		assert_ok!(send(&id(DEVELOPER), change));
		let details = version("https://models.example/own", root(5), fixed(1, 1));
		assert_ok!(send(&id(DEVELOPER), Models::publish_version { model: 0, details }));
		pass(parameters::NoticePeriod::get() - 5);

		// Three calls are answered; nothing is settled until both are in force.
		let as_of = block_before();
		let calls = [1, 2, 3, 4].map(|sequence| TheCall {
			sequence,
			acknowledged: charge * Balance::from(sequence - 1),
			as_of,
			..the_call()
		});
		let records = calls[..3].iter().map(TheCall::record).collect::<Vec<_>>();
		let voucher = calls[2].voucher();
		pass(6);

		// They were not made under the new policy, nor by the new version, nor later.
		let dressed = |version, price_version, as_of| {
			let dressed = TheCall { version, price_version, as_of, ..calls[2].clone() };
			redeem_as_signed(&voucher, dressed.voucher(), records.clone())
		};
		for (version, price_version, as_of) in
			[(0, 1, as_of), (1, 0, as_of), (1, 1, as_of), (1, 1, block_before())]
		{
			let refused: DispatchError = MeteringError::<Runtime>::BadSignature.into();
			assert_eq!(dressed(version, price_version, as_of), Err(refused));
		}
		let before = received(0);
		assert_ok!(redeem(voucher, records.clone()));
		assert_eq!(received(0) - before, 3 * data_part(charge, &policy()));
		assert_eq!((received(1), settled(0)), (0, 3 * charge));

		// A caller goes on under the new terms on another lane, whose vouchers acknowledge nothing that came
		// before: calls of the first lane cannot be settled with them.
		let next =
			TheCall { lane: 1, version: 1, price_version: 1, as_of: block_before(), ..the_call() };
		let more = redeem(next.voucher(), records[1..].to_vec());
		assert_eq!(more, Err(MeteringError::<Runtime>::SequenceBeyondVoucher.into()));
		assert_ok!(next.settle());
		assert_eq!(received(0) - before, 3 * data_part(charge, &policy()));
		assert_eq!(received(1), 0);

		// Nor does one who signs for the new terms on the first lane change what it is for.
		let careless = TheCall { lane: 0, ..next };
		let careless = TheCall { sequence: 5, acknowledged: 4 * charge, ..careless }.voucher();
		let other: DispatchError = MeteringError::<Runtime>::OtherAgreement.into();
		assert_eq!(redeem(careless, [calls[3].record()]), Err(other));
		assert_ok!(calls[3].settle());
		assert_eq!(received(0) - before, 4 * data_part(charge, &policy()));
	});
}
