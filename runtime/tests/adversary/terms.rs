//! Terms that change between a call and what it pays.

use super::*;
use openledger_runtime::configs::parameters::dynamic_params::revenue;

#[test]
fn price_change_between_voucher_and_settlement() {
	on_chain(|| {
		market(0);
		// The caller agrees to two calls at the price of now.
		let first = the_call();
		let second = TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() };
		let voucher = second.voucher();
		// The developer makes them ten times as dear, and then the call itself cheaper.
		let dear = PriceSchedule { per_output_token: 10 * MILLI_OPEN, ..PRICE };
		assert_ok!(send(&id(DEVELOPER), Models::set_price { model: 0, price: dear }));
		pass(parameters::NoticePeriod::get());

		// In force or not: the node cannot use it for a call that was agreed on before. Neither for
		// the voucher's own, nor for one before it.
		let at_new_price = |call: &TheCall| CallRecord { price_version: 1, ..call.record() };
		assert_eq!(
			redeem(voucher, [at_new_price(&second)]),
			Err(MeteringError::<Runtime>::PriceMismatch.into())
		);
		assert_eq!(
			redeem(voucher, [at_new_price(&first)]),
			Err(MeteringError::<Runtime>::PriceMismatch.into())
		);
		// At the price that was agreed on they are paid, a week later.
		assert_ok!(redeem(voucher, [first.record(), second.record()]));
		assert_eq!(settled(0), 100 * MILLI_OPEN);

		// A cut is in force at once, and does not reach what was agreed on before, either.
		let third =
			TheCall { lane: 1, allowance: 230 * MILLI_OPEN, price_version: 1, ..the_call() };
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

		// The caller has signed for two calls, and one is answered, when all changes are announced.
		let first = the_call();
		let voucher =
			TheCall { sequence: 2, acknowledged: 50 * MILLI_OPEN, ..the_call() }.voucher();
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
		// Until they are in force, nobody can use them.
		let early = TheCall { lane: 1, version: 1, ..first.clone() };
		assert_eq!(early.settle(), Err(MeteringError::<Runtime>::NotInForce.into()));
		pass(parameters::NoticePeriod::get());
		// And the model has another owner. The one before has named an account to be paid, in vain.
		let payee = AccountId::new([9; 32]);
		let name_payee = Models::set_payee { model: 0, payee: Some(payee.clone()) };
		assert_ok!(send(&id(DEVELOPER), name_payee));
		assert_ok!(send(&id(DEVELOPER), Models::offer_model { model: 0, to: id(Ferdie) }));
		assert_ok!(send(&id(Ferdie), Models::accept_model { model: 0, max_deposit: Balance::MAX }));

		// Nobody can say that it was the new terms that these calls were made at.
		let later = CallRecord { price_version: 2, ..first.record() };
		assert_eq!(redeem(voucher, [later]), Err(MeteringError::<Runtime>::PriceMismatch.into()));
		let newer = CallRecord { version: 1, ..first.record() };
		assert_eq!(redeem(voucher, [newer]), Err(MeteringError::<Runtime>::VersionMismatch.into()));

		// What the caller pays, who shares it, and whose data answered, is as it was when the calls
		// were made: those of the first lane by the old version, the one of the second lane, at the
		// old price, by the new one. That they were held back until the greedy policy was in force
		// makes no difference.
		let owners = [id(DEVELOPER), id(Ferdie), id(OPERATOR)];
		let before = owners.each_ref().map(wealth);
		let second = TheCall { sequence: 2, ..the_call() };
		assert_ok!(redeem(voucher, [first.record(), second.record()]));
		assert_ok!(early.settle());
		let charge = 50 * MILLI_OPEN;
		let share = parameters::ProtocolShare::get();
		let parts = split_charge(charge, share, &policy()).unwrap();
		assert_eq!(settled(0), 3 * charge);
		let after = owners.each_ref().map(wealth);
		assert_eq!((after[0], wealth(&payee)), (before[0], 0));
		assert_eq!(after[1] - before[1], 3 * parts.developer);
		assert_eq!(after[2] - before[2], 3 * parts.node);
		assert_eq!((received(0), received(1)), (2 * parts.data, parts.data));
		assert_eq!(claim(other, 1), Ok(parts.data));
		assert_eq!(Earned::<Runtime>::iter_prefix_values(id(DEVELOPER)).count(), 0);

		// What is agreed on from now on is dearer, and is shared in the new way. That is one price
		// version: the one that was announced before the policy was never in force.
		let dear_charge = OPEN + 20 * MILLI_OPEN;
		let third =
			TheCall { lane: 2, allowance: dear_charge, version: 1, price_version: 2, ..the_call() };
		let never = TheCall { price_version: 1, ..third.clone() };
		assert_eq!(never.settle(), Err(MeteringError::<Runtime>::NotInForce.into()));
		let before = after;
		assert_ok!(third.settle());
		let parts = split_charge(dear_charge, share, &greedy).unwrap();
		let after = owners.each_ref().map(wealth);
		assert_eq!(after[1] - before[1], parts.developer);
		assert_eq!(after[2] - before[2], parts.node);
		assert_eq!(claim(other, 1), Ok(parts.data));
		let paid = 3 * charge + dear_charge;

		// The old terms end, all at once, and with them what was not settled.
		let third = TheCall { sequence: 3, acknowledged: 2 * charge, ..the_call() };
		pass(parameters::SettlementGrace::get());
		let expired: DispatchError = MeteringError::<Runtime>::VersionExpired.into();
		assert_eq!(third.settle(), Err(expired));
		let third = TheCall { sequence: 2, acknowledged: charge, ..early };
		let expired: DispatchError = MeteringError::<Runtime>::PriceExpired.into();
		assert_eq!(third.settle(), Err(expired));
		// The caller has lost nothing by that.
		let session = Sessions::<Runtime>::get(0).unwrap();
		assert_eq!(session.remaining(), 10 * OPEN - paid);
	});
}

/// Amount that contributors have received through a release.
fn received(datanet: DatanetId) -> Balance {
	Releases::<Runtime>::get(datanet, 1).unwrap().received
}

/// A change by governance changes nothing for what is settled in the same block, before or after it.
#[test]
fn protocol_share_changes_between_two_settlements_of_a_block() {
	on_chain(|| {
		market(0);
		let [.., protocol] = pots();
		let first = the_call();
		let calls = [2, 3].map(|sequence| TheCall {
			sequence,
			acknowledged: 50 * MILLI_OPEN * Balance::from(sequence - 1),
			..the_call()
		});
		let part_of = |call: &TheCall| {
			let before = wealth(&protocol);
			assert_ok!(call.settle());
			wealth(&protocol) - before
		};
		let part = |percent| Permill::from_percent(percent) * (50 * MILLI_OPEN);
		assert_eq!(part_of(&first), part(5));

		let share = Some(Permill::from_percent(20));
		let share = revenue::Parameters::ProtocolShare(revenue::ProtocolShare, share);
		let key_value = parameters::RuntimeParameters::Revenue(share);
		assert_ok!(govern(pallet_parameters::Call::set_parameter { key_value }));
		assert_eq!(part_of(&calls[0]), part(5));
		pass(1);

		assert_eq!(part_of(&calls[1]), part(20));
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
		let mismatch: [DispatchError; 2] = [
			MeteringError::<Runtime>::PriceMismatch.into(),
			MeteringError::<Runtime>::VersionMismatch.into(),
		];
		let charge = 50 * MILLI_OPEN;

		// Three calls are answered; nothing is settled.
		let calls = [1, 2, 3].map(|sequence| TheCall {
			sequence,
			acknowledged: charge * Balance::from(sequence - 1),
			..the_call()
		});
		let records = calls.each_ref().map(TheCall::record);
		let voucher = calls[2].voucher();
		let policy_for_me =
			RevenuePolicy { developer: Permill::from_percent(75), ..policy().without_data() };
		let change = Models::set_policy { model: 0, policy: policy_for_me };
		assert_ok!(send(&id(DEVELOPER), change));
		let details = version("https://models.example/own", root(5), fixed(1, 1));
		assert_ok!(send(&id(DEVELOPER), Models::publish_version { model: 0, details }));
		pass(parameters::NoticePeriod::get());

		// They were not made under the new policy, nor by the new version.
		let dressed = |version, price_version| {
			records.clone().map(|record| CallRecord { version, price_version, ..record })
		};
		assert_eq!(redeem(voucher, dressed(0, 1)), Err(mismatch[0]));
		assert_eq!(redeem(voucher, dressed(1, 0)), Err(mismatch[1]));
		// And nothing but sums of what the voucher names can be settled with it.
		let before = received(0);
		assert_ok!(redeem_sums(voucher, &records[..2]));
		assert_eq!(received(0) - before, 2 * data_part(charge, &policy()));
		let own = |voucher, record: &CallRecord| redeem(voucher, [record.clone()]);
		assert_ok!(own(voucher, &records[2]));
		assert_eq!(received(0) - before, 3 * data_part(charge, &policy()));
		assert_eq!((received(1), settled(0)), (0, 3 * charge));

		// A caller goes on under the new terms on other lanes, whose vouchers acknowledge nothing that
		// came before. So calls of the first lane cannot be settled with them.
		let fourth = TheCall { sequence: 4, acknowledged: 3 * charge, ..the_call() };
		for (lane, version, price_version, error) in
			[(1, 0, 1, mismatch[0]), (2, 1, 0, mismatch[1])]
		{
			let next = TheCall { lane, version, price_version, ..the_call() };
			assert_eq!(redeem(next.voucher(), [the_call().record()]), Err(error));
			let second = TheCall { sequence: 2, acknowledged: charge, ..next.clone() };
			let more: Vec<_> =
				[1; 3].map(|sequence| CallRecord { sequence, ..next.record() }).into();
			let sums = redeem_sums(second.voucher(), &more);
			assert_eq!(sums, Err(MeteringError::<Runtime>::AboveAcknowledged.into()));
			assert_ok!(next.settle());
		}
		// The first went by the new policy, the second by the new version; both as their caller agreed.
		assert_eq!(received(0) - before, 3 * data_part(charge, &policy()));
		assert_eq!(received(1), data_part(charge, &policy()));

		// One who signs for the new terms on the first lane gives the fourth call away, but the records
		// that its node made of it still say what they said.
		let careless = |version, price_version| {
			let next = TheCall { sequence: 5, acknowledged: 4 * charge, ..fourth.clone() };
			TheCall { version, price_version, ..next }.voucher()
		};
		assert_eq!(own(careless(0, 1), &fourth.record()), Err(mismatch[0]));
		assert_eq!(own(careless(1, 0), &fourth.record()), Err(mismatch[1]));
		assert_ok!(fourth.settle());
		assert_eq!(received(0) - before, 4 * data_part(charge, &policy()));
	});
}
