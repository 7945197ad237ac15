//! Amounts around the existential deposit.

use super::*;

/// Sends all that an account has away, so that it does not exist any more.
fn vanish(who: &AccountId) {
	let call = pallet_balances::Call::transfer_all { dest: id(Dave).into(), keep_alive: false };
	assert_ok!(send(who, call));
	assert_eq!(wealth(who), 0);
}

/// Gives an account exactly what it needs to exist.
fn fund(who: &AccountId, value: Balance) {
	let call = pallet_balances::Call::transfer_allow_death { dest: who.clone().into(), value };
	assert_ok!(send(&id(Dave), call));
}

#[test]
fn dust_around_the_existential_deposit() {
	on_chain(|| {
		// One publishes a model and gives it up; only a tombstone is left when calls of Alice's model
		// that descends from it pay their royalties.
		fund(&id(One), 100 * OPEN);
		let royal = PriceSchedule { per_output_token: 1, ..Default::default() };
		let no_data = RevenuePolicy {
			developer: Permill::from_percent(75),
			data: Permill::zero(),
			node: Permill::from_percent(25),
			attributed: Permill::zero(),
		};
		// Two curates for a while.
		fund(&id(Two), 100 * OPEN);
		create_datanet(Two, "datanet", 30);
		assert_eq!(contribute(Eve, Two, 0, 1, 1), 0);
		publish(Two, 0);
		register(One, "parent", no_data, DataSources::default());
		let child = Models::register_derived_model {
			name: text("child"),
			details: version("https://models.example/child", Hash::zero(), fixed(0, 1)),
			price: royal,
			policy: policy(),
			parent: 0,
			royalty: Permill::from_percent(50),
		};
		assert_ok!(send(&id(DEVELOPER), child));
		assert_ok!(send(&id(One), Models::retire_model { model: 0 }));
		serve([1]);
		// The caller puts all but the existential deposit into a session.
		fund(&spare_key(9), 3 * OPEN + EXISTENTIAL_DEPOSIT);
		let place = parameters::SessionDeposit::get();
		let open = |deposit| Metering::open_session {
			node: id(OPERATOR),
			deposit,
			signer: spare_key(9),
			expires_at: System::block_number() + 20 * 28_800,
		};
		assert!(send(&spare_key(9), open(3 * OPEN - place + 1)).is_err());
		assert_ok!(send(&spare_key(9), open(3 * OPEN - place)));
		pass(parameters::SettlementGrace::get());
		assert_ok!(send(&id(One), Models::purge_model { model: 0, limit: 10 }));
		end_rests();
		vanish(&id(One));

		// A nobody is to be paid for Eve's data.
		let nobody = AccountId::new([7; 32]);
		let beneficiary = Some(nobody.clone());
		assert_ok!(send(&id(Eve), Data::set_beneficiary { contribution: 0, beneficiary }));

		let mut sequence = 0;
		let mut acknowledged = 0;
		let mut charge = |tokens: u32| {
			sequence += 1;
			let call = TheCall {
				model: 1,
				sequence,
				acknowledged,
				allowance: tokens.into(),
				output_tokens: tokens,
				..the_call()
			};
			acknowledged += Balance::from(tokens);
			call.settle()
		};

		// Calls of one planck, and of few: each is paid out to the last planck, to somebody.
		let [_, split_pot, protocol] = pots();
		let payees = [id(DEVELOPER), id(OPERATOR), protocol.clone()];
		let before = payees.each_ref().map(wealth);
		let mut paid = 0;
		for tokens in [1, 2, 3, 19, 20, 21, 999, 1_000_001] {
			assert_ok!(charge(tokens));
			paid += Balance::from(tokens);
			check_state().unwrap();
			check_pots([0, 0]).unwrap();
		}
		let pushed: Balance = payees
			.each_ref()
			.map(wealth)
			.iter()
			.zip(before)
			.map(|(after, before)| after - before)
			.sum();
		let accrued = Accrued::<Runtime>::get(id(One));
		let accounted = pallet_data_attribution::Accounted::<Runtime>::get();
		assert_eq!(pushed + accrued + accounted, paid);
		assert!(accrued > 0 && accounted > 0);

		// The owner of the parent waits for the existential deposit, and gets all of it.
		let too_little = pallet_revenue_split::Error::<Runtime>::BelowExistentialDeposit;
		let pay = || Revenue::pay_accrued { account: id(One) };
		assert_eq!(send(&id(Dave), pay()), Err(too_little.into()));
		assert_eq!(wealth(&split_pot), EXISTENTIAL_DEPOSIT + accrued);
		// One planck short of existing, then not.
		let short = EXISTENTIAL_DEPOSIT - 1;
		let nowhere =
			pallet_balances::Call::transfer_allow_death { dest: id(One).into(), value: short };
		assert!(send(&id(Dave), nowhere).is_err());
		fund(&id(One), EXISTENTIAL_DEPOSIT);
		assert_ok!(send(&id(Dave), pay()));
		assert_eq!(wealth(&id(One)), EXISTENTIAL_DEPOSIT + accrued);
		assert_eq!(wealth(&split_pot), EXISTENTIAL_DEPOSIT);
		// From now on it is paid at once, be it a planck.
		assert_ok!(charge(100));
		assert_eq!(Accrued::<Runtime>::get(id(One)), 0);
		assert!(wealth(&id(One)) > EXISTENTIAL_DEPOSIT + accrued);

		// What is too little for the nobody to exist stays in the pot until it is enough.
		let owed = claimable(0, 1) + DirectEarnings::<Runtime>::get(0);
		assert!(owed > 0 && owed < EXISTENTIAL_DEPOSIT);
		let below: DispatchError = DataError::<Runtime>::ClaimBelowMinimum.into();
		assert_eq!(claim(0, 1), Err(below));
		fund(&nobody, EXISTENTIAL_DEPOSIT);
		assert_eq!(claim(0, 1), Ok(owed));

		// So does what Two has earned as a curator, who has handed the role over and vanished.
		assert_ok!(send(&id(Two), Data::offer_curator { datanet: 0, to: id(CURATOR) }));
		assert_ok!(send(
			&id(CURATOR),
			Data::accept_curator { datanet: 0, max_deposit: 100 * OPEN }
		));
		vanish(&id(Two));
		let owed = CuratorEarnings::<Runtime>::get(id(Two), 0);
		assert!(owed > 0);
		let claim_curator = || Data::claim_curator_for { account: id(Two) };
		assert_eq!(send(&id(Dave), claim_curator()), Err(below));
		fund(&id(Two), EXISTENTIAL_DEPOSIT);
		assert_ok!(send(&id(Dave), claim_curator()));
		assert_eq!(wealth(&id(Two)), EXISTENTIAL_DEPOSIT + owed);

		// The caller cannot be reaped while a session is open, and gets back what is left.
		let drain =
			pallet_balances::Call::transfer_all { dest: id(Dave).into(), keep_alive: false };
		assert_ok!(send(&spare_key(9), drain));
		assert_eq!(wealth(&spare_key(9)), 3 * OPEN + EXISTENTIAL_DEPOSIT - paid - 100);
		// Nobody closes it. A cleaner who does not exist is paid enough to exist.
		pass(60 * 28_800);
		let cleaner = AccountId::new([8; 32]);
		assert_ok!(send(&cleaner, Metering::close_session { session: 0 }));
		assert_eq!(wealth(&cleaner), place / 10);
		assert_eq!(wealth(&spare_key(9)), 3 * OPEN + EXISTENTIAL_DEPOSIT - paid - 100 - place / 10);
		assert_eq!(dust(), 0);
	});
}
